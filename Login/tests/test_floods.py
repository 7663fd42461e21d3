"""Floods: one client address sends only so much, everybody else is served, and Redis may come and go."""

import secrets
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from socketserver import BaseRequestHandler
from threading import Thread
from typing import Any

import httpx2
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from app.config import Settings
from app.deps import AccessToken, Limited
from app.main import create_app
from app.throttling.floods import LIMITS, PAUSE, SHARED_WAIT
from testing.api import PASSWORD, MakeSettings, Person, SignedIn, StartApi, register, sign_in
from testing.processes import free_port
from testing.quiet import QuietTcpServer
from testing.redis import RedisControl

HERE, ELSEWHERE = "203.0.113.9", "198.51.100.1"

# Routes without a limit, each with the reason.
EXEMPT = {
    "/healthz": "supervisors ask it all the time; it touches nothing",
    "/readyz": "likewise, with one tiny query; a refusal would take a healthy process out of service",
    "/introspect": "counted by service once it has proved who it is, a wrong secret by address (test_introspection.py)",
    "/metrics": "scraped from inside; not on the public port",
    "/openapi.json": "a document made once",
    "/docs": "a page without a query",
    "/docs/start.js": "likewise",
    "/docs/assets": "files",
}


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: requests are counted in the process or in Redis."""
    return sqlite_copy


def send(http: Any, path: str, json: object = None, address: str = HERE, token: str = "") -> Any:
    """Post from an address."""
    headers = {"X-Forwarded-For": address} | ({"Authorization": f"Bearer {token}"} if token else {})
    return http.post(path, json=json, headers=headers)


def fail(http: Any, name: str, address: str = HERE) -> Any:
    """Try one password at an account."""
    return send(http, "/login", {"username": name, "password": PASSWORD}, address)


def ask_reset(http: Any, address: str = HERE) -> int:
    """Ask for a reset, which needs no account."""
    status: int = send(http, "/password/reset", {"email": "a@example.com"}, address).status_code
    return status


def some_address() -> str:
    """Make an address that no other test uses: a Redis may be shared."""
    return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


def every_route(routes: list[BaseRoute]) -> Iterator[tuple[str, BaseRoute]]:
    """Yield all routes with their paths, through whatever routers they were included by."""
    for route in routes:
        original = getattr(route, "original_router", None)
        if original is not None:
            yield from every_route(original.routes)
        else:
            yield getattr(route, "path", ""), route


def has_limit(dependant: Dependant) -> bool:
    """Tell whether a route counts its requests, by itself or by what it depends on."""
    return isinstance(dependant.call, Limited | AccessToken) or any(map(has_limit, dependant.dependencies))


@pytest.mark.asvs("2.4.1")
def test_every_route_has_a_limit_or_a_reason(make_settings: MakeSettings) -> None:
    """Nobody adds an endpoint without deciding how often it may be called."""
    found = list(every_route(create_app(make_settings("sqlite:///never-opened.sqlite3")).routes))
    bare = [path for path, route in found if not (isinstance(route, APIRoute) and has_limit(route.dependant))]

    assert "/login" in {path for path, _ in found}
    assert [path for path in bare if path not in EXEMPT] == []


@pytest.mark.asvs("6.3.1", "2.4.1")
def test_stuffing_meets_a_limit(api: TestClient) -> None:
    """One password at each of sixty accounts: thirty are judged, and others are served all the while."""
    seen = [fail(api, f"person{number}") for number in range(60)]

    assert Counter(answer.status_code for answer in seen) == {400: 30, 429: 30}
    assert seen[-1].json()["code"] == "too_many_requests"
    assert 1 <= int(seen[-1].headers["retry-after"]) <= 60
    assert fail(api, "person1", ELSEWHERE).status_code == 400


def test_an_office_signs_in_together(api: TestClient, alice: Person) -> None:
    """Fifty right logins in a minute are fine; it takes more than sixty to be a flood."""
    body = {"username": "alice", "password": PASSWORD}
    seen = Counter(send(api, "/login", body).status_code for _ in range(70))

    assert seen == {200: 60, 429: 10}


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/register", {"email": "x"}, "register"),
        ("/password/reset", {"email": "a@example.com"}, "reset"),
        ("/refresh", {"refresh_token": "x"}, "refresh"),
        ("/reauthenticate", {}, "proof"),
    ],
)
def test_each_kind_has_its_own_limit(api: TestClient, path: str, body: object, name: Any) -> None:
    """A limit counts requests whatever they say, from one address only, and no other kind."""
    amount = LIMITS[name]
    seen = [send(api, path, body).status_code for _ in range(amount + 2)]

    assert 429 not in seen[:amount]
    assert seen[amount:] == [429, 429]
    assert send(api, path, body, ELSEWHERE).status_code != 429
    assert fail(api, "somebody").status_code == 400


def test_whatever_takes_a_password_shares_one_limit(api: TestClient, user: SignedIn) -> None:
    """A stolen token does not get thirty tries at each endpoint."""
    paths = ["/reauthenticate", "/totp/disable", "/user/delete"]
    seen = [send(api, paths[n % 3], {"totp": "1"}, token=user.access_token).status_code for n in range(31)]

    assert seen[-1] == 429
    assert 429 not in seen[:-1]


def test_limits_are_by_network_in_ipv6(api: TestClient) -> None:
    """Who has 2^64 addresses is one client."""
    seen = [ask_reset(api, f"2001:db8::{number:x}") for number in range(1, 22)]

    assert seen == [200] * 20 + [429]
    assert ask_reset(api, "2001:db8:0:1::1") == 200


@pytest.mark.asvs("4.1.3")
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "{}"},
        {"X-Forwarded-For": "127.0.0.1, {}"},
        {"X-Real-IP": "{}"},
        {"Forwarded": "for={}"},
        {"X-Client-IP": "{}"},
        {"True-Client-IP": "{}"},
        {"CF-Connecting-IP": "{}"},
        {"X-Forwarded-For": "{}, ::1"},
    ],
    ids=str,
)
def test_forged_headers_lift_nothing(settings: Settings, headers: dict[str, str]) -> None:
    """From a peer that is no trusted proxy, no header makes a new client."""
    with TestClient(create_app(settings), client=("198.51.100.7", 50000)) as http:
        body = {"email": "a@example.com"}
        seen = [
            http.post(
                "/password/reset", json=body, headers={k: v.format(f"192.0.2.{n}") for k, v in headers.items()}
            ).status_code
            for n in range(21)
        ]

    assert seen == [200] * 20 + [429]


@pytest.mark.parametrize("settings_changes", [{"rate_limits_enabled": False}])
def test_measurements_refuse_nothing(api: TestClient) -> None:
    """With the limits off, floods are measured, not cut."""
    assert Counter(ask_reset(api) for _ in range(50)) == {200: 50}


# --- Redis -------------------------------------------------------------------------------------------------------


def test_redis_counts_for_all_processes(start_api: StartApi, redis_url: str) -> None:
    """Two replicas, of two processes each, let through together what one limit says."""
    address, key = some_address(), secrets.token_urlsafe(32)
    urls = [start_api(2, RATE_LIMIT_STORAGE_URI=redis_url, JWT_SECRET_KEY=key).url for _ in range(2)]
    seen: Counter[int] = Counter()
    for number in range(40):
        with httpx2.Client(base_url=urls[number % 2], timeout=60) as http:
            seen[ask_reset(http, address)] += 1

    assert seen == {200: 20, 429: 20}


def test_redis_may_die_and_come_back(start_api: StartApi, redis_control: RedisControl) -> None:
    """While it is away the process counts alone, and says so once."""
    server = start_api(RATE_LIMIT_STORAGE_URI=redis_control.url)
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        before = [ask_reset(http) for _ in range(5)]
        redis_control.kill()
        during = [ask_reset(http) for _ in range(21)]

    assert before + during == [200] * 25 + [429]
    assert server.read_log().count("rate_limit_storage_unavailable") == 1


def test_redis_may_be_away_at_the_start(settings: Settings) -> None:
    """The API starts, answers and refuses without it."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    with TestClient(create_app(settings.model_copy(update={"rate_limit_storage_uri": SecretStr(url)}))) as http:
        assert [ask_reset(http) for _ in range(21)] == [200] * 20 + [429]


def test_a_redis_that_hangs_slows_one_request(settings: Settings) -> None:
    """One request waits for it, and not for long; the next ones do not even ask."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setblocking(False)
        url = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        changed = settings.model_copy(update={"rate_limit_storage_uri": SecretStr(url)})
        with TestClient(create_app(changed)) as http:
            begin = time.perf_counter()
            first = ask_reset(http)
            waited = time.perf_counter() - begin
            rest = [ask_reset(http) for _ in range(5)]
            seconds = time.perf_counter() - begin
        asked = _count_callers(deaf)

    assert [first, *rest] == [200] * 6
    assert waited < SHARED_WAIT + 60  # on a busy machine
    assert 1 <= asked <= 1 + seconds // PAUSE


@pytest.mark.parametrize(
    "reply", [b"-NOAUTH Authentication required.\r\n", b"-READONLY You can't write\r\n", b"HTTP/1.1 4", b""]
)
def test_a_redis_that_refuses_is_as_good_as_gone(settings: Settings, reply: bytes) -> None:
    """Without a password, as a replica, as something else altogether: it counts nothing, and nobody is turned away."""

    class Refuse(BaseRequestHandler):
        def handle(self) -> None:
            """Answer everything alike, until the caller has had enough."""
            with suppress(OSError):
                while self.request.recv(4096):
                    self.request.sendall(reply or b"$-")
                    if not reply:
                        return

    with QuietTcpServer(("127.0.0.1", 0), Refuse) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        url = f"redis://127.0.0.1:{server.server_address[1]}/0"
        changed = settings.model_copy(update={"rate_limit_storage_uri": SecretStr(url)})
        with TestClient(create_app(changed)) as http:
            seen = [ask_reset(http) for _ in range(21)]
        server.shutdown()

    assert seen == [200] * 20 + [429]


@pytest.mark.parametrize("uri", ["localhost:6379", "http://127.0.0.1", "memory://"])
def test_the_address_of_redis_is_checked_at_the_start(make_settings: MakeSettings, uri: str) -> None:
    """A typing error does not silently mean "each process for itself"."""
    with pytest.raises(ValueError, match="redis://"):
        make_settings("sqlite:///x.sqlite3", rate_limit_storage_uri=uri)


def test_limits_survive_a_second_login(api: TestClient) -> None:
    """A session made meanwhile gives nobody a fresh count."""
    for _ in range(20):
        ask_reset(api, "127.0.0.1")
    user = sign_in(api, register(api))

    assert ask_reset(user.http, "127.0.0.1") == 429


def _count_callers(listener: socket.socket) -> int:
    """Count the connections that nobody has taken yet."""
    callers = 0
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            callers += 1
    return callers
