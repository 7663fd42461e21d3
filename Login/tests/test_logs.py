"""The log: one JSON line a request, nothing secret in it, and no login ever waits for it."""

import io
import json
import logging
import re
import secrets
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import make_url
from starlette.testclient import TestClient

from app.runtime.logs import BackgroundHandler, JsonFormatter
from CreateDB.server.engine import make_engine
from testing.api import PASSWORD, MakeStale, RunSql, SignedIn, StartApi, enable_totp, register, sign_in
from testing.mariadb import empty_tables
from testing.sinks import Sink, broken_sink

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="makes a FIFO")
NEW_PASSWORD = "a quite different one"
TYPED = ["hunter2 typed as name", "mistyped@example.net", "wrong password, typed twice"]


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite, but where a test says otherwise."""
    return sqlite_copy


def lines(text: str) -> list[dict[str, Any]]:
    """Read a log, every line of which is JSON."""
    return [json.loads(line) for line in text.splitlines()]


def requests(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return what the request lines of this process say, in the form that is written."""
    records = [record for record in caplog.records if record.name == "app.requests"]
    return [json.loads(JsonFormatter().format(record)) for record in records]


@pytest.mark.asvs("16.2.1", "16.2.2")
def test_each_request_is_one_line(api: TestClient, user: SignedIn, caplog: pytest.LogCaptureFixture) -> None:
    """Time, method, path without its query, status, latency, client, request id, and the email once known."""
    caplog.set_level(logging.INFO)
    given = {"X-Forwarded-For": "203.0.113.9", "X-Request-ID": "from-the-pages-1"}
    user.call("GET", "/user/profile?access_token=abc")
    api.get("/nowhere?secret=abc", headers=given)
    known, unknown = requests(caplog)

    assert datetime.fromisoformat(known["time"]).utcoffset() is not None
    assert (known["method"], known["path"], known["status"], known["user"]) == (
        "GET",
        "/user/profile",
        200,
        "alice@example.com",
    )
    assert 0 < known["latency_ms"] < 60_000
    assert (unknown["path"], unknown["status"], unknown["client"]) == ("/nowhere", 404, "203.0.113.9")
    assert unknown["request_id"] == "from-the-pages-1"
    assert "user" not in unknown
    assert "code" not in known


REFUSED = [
    ("GET", "/user/profile", None, "Bearer forged", "token_invalid"),
    ("DELETE", "/user/sessions/somebody-elses", None, "", "reauthentication_required"),
    ("POST", "/register", {"email": "x", "password": TYPED[2]}, "", "validation_error"),
    ("POST", "/login", {"username": "alice", "password": TYPED[2]}, "", "invalid_credentials"),
]


@pytest.mark.asvs("16.3.2", "16.3.3")
@pytest.mark.parametrize("refused", REFUSED)
def test_a_refusal_is_logged_with_its_code(
    user: SignedIn, make_session_stale: MakeStale, caplog: pytest.LogCaptureFixture, refused: tuple[Any, ...]
) -> None:
    """Whoever looks for attacks finds which rule was tried."""
    method, path, body, bearer, code = refused
    make_session_stale()
    caplog.set_level(logging.INFO)
    user.http.request(method, path, json=body, headers={"Authorization": bearer or f"Bearer {user.access_token}"})
    [line] = requests(caplog)

    assert (line["status"] >= 400, line["code"]) == (True, code)


@pytest.mark.asvs("16.3.3")
def test_a_flood_is_logged_with_its_code(api: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    """Each request of it, where it was cut."""
    caplog.set_level(logging.INFO)
    for _ in range(21):
        api.post("/password/reset", json={"email": "somebody@example.com"})

    assert [line.get("code") for line in requests(caplog)[-2:]] == [None, "too_many_requests"]


@pytest.mark.parametrize("given", ["short", "x" * 65, "with blank 123", 'quote"123456', "", "é1234567"])
def test_a_request_id_is_plain_or_ours(api: TestClient, caplog: pytest.LogCaptureFixture, given: str) -> None:
    """An id that could carry anything else is replaced, and the answer says which one counts."""
    caplog.set_level(logging.INFO)
    answer = api.get("/healthz", headers={"X-Request-ID": given.encode()})
    [line] = requests(caplog)

    assert line["request_id"] == answer.headers["X-Request-ID"] != given
    assert len(line["request_id"]) == 32


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize("settings_changes", [{"log_user": "id"}, {"log_user": "none"}], ids=["id", "none"])
def test_the_log_names_people_as_configured(user: SignedIn, caplog: pytest.LogCaptureFixture) -> None:
    """LOG_USER=id writes the opaque id, none writes nobody; the email then stands nowhere."""
    caplog.set_level(logging.INFO)
    user.get("/user/profile")
    user.call("PUT", "/user/update", {"phrase": "mine"})
    log = "\n".join(JsonFormatter().format(record) for record in caplog.records if record.name.startswith("app"))

    assert "alice" not in log
    assert {line.get("user") for line in requests(caplog)} in ({user.person.user_id}, {None})


NASTY = ["\n", "\r\n", "\x1b[2K\x1b[1A", "\u2028", "\x85", '"}\n{"forged": true, "x": "', "\x00", "\x7f", "\u202e"]


@pytest.mark.asvs("16.4.1")
@pytest.mark.parametrize("nasty", NASTY)
def test_no_input_forges_a_line(api: TestClient, caplog: pytest.LogCaptureFixture, nasty: str) -> None:
    """Line breaks and terminal codes in path, user agent or identifier stay inside one JSON line, escaped."""
    caplog.set_level(logging.INFO)
    path = "/user/sessions/" + "".join(f"%{byte:02x}" for byte in f"a{nasty}b".encode())
    api.get(path, headers={"User-Agent": f"a{nasty}b".encode()})
    api.post("/login", json={"username": f"a{nasty}b", "password": f"a{nasty}b"})
    written = [JsonFormatter().format(record) for record in caplog.records if record.name.startswith("app")]

    assert len(written) >= 2
    for line in written:
        assert line.isascii()
        assert line.isprintable()
        assert "forged" not in json.loads(line)


def live_a_whole_life(http: Any) -> tuple[list[str], list[str]]:
    """Do what people do, right and wrong; return the secrets that this took, and the codes."""
    person = register(http)
    user = enable_totp(sign_in(http, person))
    kept = [user.access_token, user.refresh_token]
    body = {"username": "alice", "password": PASSWORD}
    first = http.post("/login", json=body).json()
    codes = [user.code(-1), user.code(), user.code(1), "123987"]
    assert http.post("/login", json={"login_token": first["login_token"], "totp": "123987"}).status_code == 400
    assert http.post("/login", json={**body, "totp": user.code()}).status_code == 200
    assert http.post("/login", json={**body, "totp": user.recovery_codes[0]}).status_code == 200
    for typed in TYPED:
        assert http.post("/login", json={"username": typed, "password": TYPED[2]}).status_code == 400
        assert http.post("/login", json={"username": "alice", "password": typed}).status_code == 400
        http.post("/password/reset", json={"email": typed})
    http.post("/register", json={"email": TYPED[0], "password": TYPED[2]})
    http.get("/user/profile", params={"access_token": user.access_token, "password": PASSWORD})
    http.get("/user/profile", headers={"Authorization": f"Basic {TYPED[0]}"})
    assert user.refresh().status_code == 200
    kept += [user.access_token, user.refresh_token, first["login_token"]]
    change = {"new_password": NEW_PASSWORD, "current_password": PASSWORD}
    pair = user.call("PUT", "/user/update", change).json()
    kept += [pair["access_token"], pair["refresh_token"]]
    user.access_token = pair["access_token"]
    assert user.post("/reauthenticate", {"current_password": NEW_PASSWORD, "totp": "123987"}).status_code == 400
    last = {"confirm": True, "current_password": NEW_PASSWORD, "totp": user.recovery_codes[1]}
    assert user.post("/user/delete", {**last, "totp": "123987"}).status_code == 400
    kept += [PASSWORD, NEW_PASSWORD, user.secret, *user.recovery_codes, *TYPED]
    kept += [code.replace("-", "") for code in user.recovery_codes]
    return kept, codes


def hashes(url: str) -> list[str]:
    """Read what the database keeps secret."""
    with make_engine(url).begin() as connection:
        rows = connection.exec_driver_sql("SELECT password_hash, totp_secret FROM users").all()
        rows += connection.exec_driver_sql("SELECT code_hash, code_hash FROM recovery_codes").all()
    return [value.hex() if isinstance(value, bytes) else value for row in rows for value in row]


def assert_nothing_secret(log: str, kept: list[str], codes: list[str]) -> None:
    """Look for every secret, also for a piece of a token."""
    found = [secret for secret in kept if secret in log or secret[-40:] in log]
    found += [code for code in codes if re.search(rf"(?<![\w.]){code}(?![\w.])", log)]
    assert found == []


@pytest.mark.asvs("14.1.1", "16.2.5", "16.3.1")
@pytest.mark.parametrize("echo", ["false", "true"])
def test_a_whole_life_leaves_no_secret_in_the_log(start_api: StartApi, migrated_url: str, echo: str) -> None:
    """Passwords, tokens, codes, hashes and mistyped names stand in no line, with or without SQL; every line is JSON."""
    key = secrets.token_urlsafe(32)
    server = start_api(JWT_SECRET_KEY=key, SQL_ECHO=echo)
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        kept, codes = live_a_whole_life(http)
    server.stop()
    log = server.read_log()
    messages = {line["message"] for line in lines(log)}

    assert_nothing_secret(log, [key, *kept, *hashes(migrated_url)], codes)
    assert {
        "registered",
        "login_failed",
        "login_succeeded",
        "totp_failed",
        "totp_enabled",
        "account_updated",
    } <= messages
    assert any("INSERT INTO users" in message for message in messages) == (echo == "true")
    assert not any("HTTP/1.1" in message for message in messages)


def test_the_database_s_password_is_in_no_line(start_api: StartApi, migrated_mariadb: str) -> None:
    """It is in no line while all goes well, and none when the account is refused."""
    empty_tables(migrated_mariadb)
    password = "geheim/" + secrets.token_hex(8)
    url = make_url(migrated_mariadb).set(username=f"t{secrets.token_hex(6)}", password=password)
    with make_engine(migrated_mariadb).begin() as connection:
        connection.exec_driver_sql(f"CREATE USER {url.username}@'%%' IDENTIFIED BY '{password}'")
        connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {url.database}.* TO {url.username}@'%%'")
    server = start_api(DATABASE_URL=url.render_as_string(hide_password=False), SQL_ECHO="true")
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        register(http)
        with make_engine(migrated_mariadb).begin() as connection:
            connection.exec_driver_sql(f"DROP USER {url.username}@'%%'")
            connection.exec_driver_sql("FLUSH PRIVILEGES")
        http.post("/login", json={"username": "alice", "password": PASSWORD})
    server.stop()

    assert password not in server.read_log()
    assert password[7:] not in server.read_log()


@POSIX
@pytest.mark.asvs("16.5.2")
@pytest.mark.parametrize("sink", ["closed", "stuck", "full"])
def test_a_broken_sink_stops_no_answer(start_api: StartApi, tmp_path: Path, sink: Sink) -> None:
    """With stdout's reader gone, asleep, or its disk full, everybody is answered, and SIGTERM ends it."""
    with broken_sink(tmp_path / "api-0.log", sink) as let_reader_go:
        server = start_api(SQL_ECHO="true")
        let_reader_go()
        with httpx2.Client(base_url=server.url, timeout=60) as http:
            user = sign_in(http, register(http))
            statuses = {user.get("/user/profile").status_code for _ in range(300)}  # one that waits times out
            assert statuses == {200}

        assert server.stop() in {0, -15}


def test_a_flush_leaves_no_line_behind() -> None:
    """However lines and flushes fall together: what was logged before a flush is written after it, in order."""
    stream = io.StringIO()
    handler = BackgroundHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    for number in range(200):
        handler.handle(logging.LogRecord("x", logging.INFO, "x", 1, str(number), (), None))
        time.sleep(0.001)
        if number % 4 == 0:
            handler.flush()
            assert stream.getvalue().splitlines()[-1] == str(number)

    handler.flush()
    assert stream.getvalue().splitlines() == [str(number) for number in range(200)]


@pytest.mark.asvs("16.3.4")
def test_an_unhandled_error_is_logged_with_its_request(
    api: TestClient, sql: RunSql, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours is answered without details; its line names the request and shows no parameter."""
    sql("DROP TABLE used_tokens")
    sql("ALTER TABLE users RENAME TO people")
    caplog.set_level(logging.INFO)
    answer = api.post("/login", json={"username": "typed-by-somebody", "password": PASSWORD})
    log = "\n".join(JsonFormatter().format(record) for record in caplog.records)

    assert answer.status_code in {500, 503}
    assert "users" not in answer.text
    assert answer.headers["X-Request-ID"] in log
    assert "typed-by-somebody" not in log


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_probes_that_went_well_leave_no_line(start_api: StartApi, prefix: str) -> None:
    """Also behind a proxy that takes a prefix off, of which uvicorn is told: they would bury every other line."""
    server = start_api(arguments=["--root-path", prefix])
    for path in ("/readyz", "/metrics", "/readyz", "/nowhere"):
        httpx2.get(server.url + path)
    server.wait_for(f'"path": "{prefix}/nowhere"', times=1)

    assert "readyz" not in server.read_log()
    assert "/metrics" not in server.read_log()
