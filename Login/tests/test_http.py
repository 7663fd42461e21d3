"""HTTP itself: headers on every kind of answer, sizes, methods and paths that nobody needs."""

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Scope

from app.main import create_app
from app.web import body_limit
from testing.api import PASSWORD, MakeSettings, SignedIn, StartApi
from testing.loops import finish

JSON = {"Content-Type": "application/json"}
WITH_BODY = [
    "/register",
    "/login",
    "/refresh",
    "/password/reset",
    "/reauthenticate",
    "/totp/enable/start",
    "/user/delete",
]
SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: HTTP knows nothing of the database."""
    return sqlite_copy


@pytest.fixture
def faulty_api(make_settings: MakeSettings, migrated_url: str) -> Iterator[TestClient]:
    """Give an API with two faults of ours in it."""
    app = create_app(make_settings(migrated_url))

    async def fail() -> None:
        raise RuntimeError("the secret of the fault")

    app.add_api_route("/fault", fail)
    app.add_api_route("/fault/{number}", fail, methods=["POST"])
    with TestClient(app, client=("127.0.0.1", 50000), raise_server_exceptions=False) as client:
        yield client


def assert_safe(answer: Any, status: int) -> None:
    """Insist on the status and on every security header."""
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    assert len(answer.headers["X-Request-ID"]) >= 8
    assert not any(name.lower().startswith("access-control-") for name in answer.headers)


@pytest.mark.asvs("3.4.3", "3.4.4", "3.4.5", "3.4.6", "14.3.2", "1.2.1", "3.2.1")
def test_every_kind_of_answer_is_safe(faulty_api: TestClient) -> None:
    """200, 400, 401, 404, 405, 413, 422 and 500 alike may not be stored, framed, sniffed or read across origins."""
    api = faulty_api
    body = {"email": "alice@example.com", "username": "alice", "password": PASSWORD}

    assert_safe(api.post("/register", json=body), 200)
    assert_safe(api.post("/login", json={"username": "alice", "password": PASSWORD}), 200)
    assert_safe(api.post("/login", json={"username": "alice", "password": "wrong"}), 400)
    assert_safe(api.get("/user/profile"), 401)
    assert_safe(api.get("/nowhere"), 404)
    assert_safe(api.get("/docs/assets/nowhere.js"), 404)
    assert_safe(api.get("/login"), 405)
    assert_safe(api.post("/register", json=body), 409)
    assert_safe(api.post("/login", content=b"x" * 70_000, headers=JSON), 413)
    assert_safe(api.post("/login", json={}), 422)
    assert_safe(api.get("/fault"), 500)


@pytest.mark.asvs("16.5.1", "16.5.4")
def test_a_fault_of_ours_tells_nothing(faulty_api: TestClient) -> None:
    """A 500 is a problem document like any other, without a trace of what went wrong."""
    answer = faulty_api.post("/fault/1", headers={"Origin": "https://evil.example"})

    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Something went wrong on our side. Nothing more is known here; the log has it.",
        "code": "internal_error",
    }
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.asvs("14.3.2", "14.2.2")
def test_tokens_are_never_stored(api: TestClient, user: SignedIn) -> None:
    """Whatever carries tokens, codes or personal data says no-store."""
    change = {"new_password": "another good one", "current_password": PASSWORD}
    answers = [user.get("/user/profile"), user.get("/user/account"), user.post("/totp/enable/start"), user.refresh()]
    answers.append(user.call("PUT", "/user/update", change))
    answers.append(api.post("/login", json={"username": "alice", "password": "another good one"}))

    assert {(answer.status_code, answer.headers["Cache-Control"]) for answer in answers} == {(200, "no-store")}


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize("size", [65 * 1024, 1024 * 1024, 8 * 1024 * 1024])
def test_big_bodies_are_refused_early(api: TestClient, caplog: pytest.LogCaptureFixture, size: int) -> None:
    """More than 64 KiB is no request of ours, whatever is in it."""
    for path in WITH_BODY:
        answer = api.post(path, content=b'{"unknown": "' + b"x" * size + b'"}', headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large"), path

    assert "unhandled_error" not in caplog.messages


def test_a_body_within_the_limit_is_read(api: TestClient) -> None:
    """Members that we don't know are ignored up to the limit."""
    body = {"email": "alice@example.com", "password": PASSWORD, "unknown": "x" * 60_000}

    assert api.post("/register", json=body).status_code == 200


@pytest.mark.asvs("15.2.2")
def test_a_real_server_refuses_big_bodies_without_reading_them(start_api: StartApi) -> None:
    """Announced or in chunks, eight megabytes are refused, and the next request is served."""
    with httpx2.Client(base_url=start_api().url, timeout=60) as http:
        announced = http.post("/login", content=b"[" * 8 * 1024 * 1024, headers=JSON)
        chunked = http.post("/login", content=(b"[" * 65536 for _ in range(128)), headers=JSON)
        assert [announced.status_code, chunked.status_code] == [413, 413]
        assert http.get("/healthz").status_code == 200


@pytest.mark.asvs("13.1.3")
@pytest.mark.parametrize("parts", [[], [b'{"username": '], [b" "] * 1000], ids=["nothing", "a part", "a trickle"])
def test_a_body_that_does_not_come_is_given_up(
    make_settings: MakeSettings, migrated_url: str, monkeypatch: pytest.MonkeyPatch, parts: list[bytes]
) -> None:
    """Whoever sends nothing more, or a byte now and then, is told so in order, and the connection is closed."""
    monkeypatch.setattr(body_limit, "BODY_WAIT", 0.2)
    left, sent = iter(parts), []

    async def receive() -> Message:
        await asyncio.sleep(0.02)
        part = next(left, None)
        if part is None:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    finish(create_app(make_settings(migrated_url))(post_to("/login"), receive, send))

    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["code"] == "request_timeout"


def post_to(path: str) -> Scope:
    """Describe a request with a JSON body as a server does."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"60000")]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }


METHODS = ["OPTIONS", "TRACE", "PATCH", "PUT", "DELETE", "PROPFIND", "NONSENSE"]


@pytest.mark.asvs("4.1.4", "13.4.4")
@pytest.mark.parametrize("method", METHODS)
def test_methods_that_nobody_needs_reach_nothing(api: TestClient, user: SignedIn, method: str) -> None:
    """Another method than the described one is refused, tells no other origin anything and echoes nothing."""
    headers = {"Authorization": f"Bearer {user.access_token}", "Origin": "https://evil.example", "X-Probe": "zq7x"}
    headers |= {"X-HTTP-Method-Override": "DELETE", "Access-Control-Request-Method": "POST"}
    for path in ("/login", "/register", "/refresh", "/user/profile", "/logout", "/healthz", "/readyz", "/docs"):
        answer = api.request(method, path, headers=headers)
        assert answer.status_code in {405, 501}, path
        assert "zq7x" not in answer.text
        assert "access-control-allow-origin" not in answer.headers
    assert user.get("/user/profile").status_code == 200


PATHS = [
    "/user/profile/",
    "//user/profile",
    "/user//profile",
    "/USER/PROFILE",
    "/user/profile;x=1",
    "/user/profile%00",
    "/user/profile%2e",
    "/./user/profile",
    "/x/../user/profile",
    "/user/profile%2f",
    "/docs/assets/../../main.py",
    "/docs/assets/..%2f..%2fmain.py",
    "/docs/assets/%2e%2e/%2e%2e/config.py",
    "/docs/assets//etc/passwd",
    "/.env",
    "/app/.env",
    "/.git/config",
    "/redoc",
    "/metrics/../.env",
    "/%ff%fe",
    "/" + "a" * 8000,
]


@pytest.mark.asvs("13.4.1", "13.4.2", "1.1.1", "4.1.2", "13.4.3")
def test_only_the_described_paths_exist(start_api: StartApi) -> None:
    """No variant of a path, no file of ours and no redirect to whatever the Host header says; sent byte for byte."""
    server = start_api()
    port = int(server.url.rpartition(":")[2])
    for path in PATHS:
        answer = send_raw(port, f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 404 "), (path, answer[:200])
        assert b"evil.example" not in answer
        assert b"jwt_secret" not in answer.lower()


HIDDEN = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
POST = "POST /login HTTP/1.1\r\nHost: a\r\n"
AMBIGUOUS = [
    f"{POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    f"{POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef{HIDDEN}",
    f"{POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    f"{POST}Content-Length: -1\r\n\r\n{HIDDEN}",
    f"GET /healthz HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n{HIDDEN}",
    "GET /healthz\r\n\r\n",
    "\x00\x01\x02\r\n\r\n",
]


@pytest.mark.asvs("4.2.1")
def test_ambiguous_requests_smuggle_nothing(start_api: StartApi) -> None:
    """Two lengths, odd encodings and garbage end the connection; what hides behind them is never served."""
    server = start_api()
    port = int(server.url.rpartition(":")[2])
    for text in AMBIGUOUS:
        send_raw(port, text)
        assert httpx2.get(f"{server.url}/healthz").status_code == 200
    server.stop()

    assert "/smuggled" not in server.read_log()


def send_raw(port: int, text: str) -> bytes:
    """Send exactly this and read until the server closes or has nothing more to say."""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(text.encode("latin-1"))
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except (TimeoutError, ConnectionResetError):
            pass
        return received


@pytest.mark.asvs("3.4.1")
@pytest.mark.parametrize(
    ("settings_changes", "policy"),
    [({}, "max-age=31536000"), ({"hsts_include_subdomains": True}, "max-age=31536000; includeSubDomains")],
)
@pytest.mark.parametrize("scheme", ["https", "HTTPS", "https, http"])
def test_https_is_made_to_last(api: TestClient, policy: str, scheme: str) -> None:
    """What came by https says so to browsers, errors included; what came by http does not."""
    for path in ("/healthz", "/nowhere"):
        answer = api.get(path, headers={"X-Forwarded-Proto": scheme})
        assert answer.headers["Strict-Transport-Security"] == policy
    assert "Strict-Transport-Security" not in api.get("/healthz").headers
    assert "Strict-Transport-Security" in api.get("https://testserver/healthz").headers


@pytest.mark.asvs("13.4.5")
@pytest.mark.parametrize("settings_changes", [{"docs_enabled": False}])
def test_the_page_of_the_api_can_be_switched_off(api: TestClient) -> None:
    """Its description and its parts as well; the API itself goes on."""
    for path in ("/docs", "/docs/start.js", "/docs/assets/swagger-ui.css", "/openapi.json"):
        assert (api.get(path).status_code, api.get(path).json()["code"]) == (404, "not_found")
    assert api.get("/healthz").status_code == 200
