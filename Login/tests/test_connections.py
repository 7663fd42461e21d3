"""What a connection may cost, on real sockets: the size, time and number of heads, and answers that nobody takes."""

import asyncio
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from socket import create_connection, socket
from threading import Event, Thread
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from app.web import connections
from app.web.connections import BoundedConnection
from testing.processes import Server, free_port

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LINE = b"X-Long: " + b"a" * 990 + b"\r\n"
PATIENCE = 60.0
LET_GO = Event()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer 200 once the body is there; 413 at once when it would be long."""
    if scope["path"] == "/endless":
        await send_endlessly(receive, send)
        return
    headers = dict(scope["headers"])
    status = 413 if int(headers.get(b"content-length", b"0")) > 1000 else 200
    while status == 200 and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def send_endlessly(receive: Any, send: Any) -> None:
    """Answer until the client has gone, and note that it has."""
    gone = asyncio.ensure_future(wait_for_the_end(receive))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while not gone.done():
        await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
        await asyncio.sleep(0)
    LET_GO.set()


async def wait_for_the_end(receive: Any) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Give the port of a uvicorn in this process."""
    monkeypatch.setattr(connections, "HEAD_WAIT", PATIENCE)
    monkeypatch.setattr(BoundedConnection, "idle", {})
    chosen = free_port()
    config = uvicorn.Config(
        application, port=chosen, http=BoundedConnection, lifespan="off", log_config=None, timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield chosen
    server.should_exit = True
    thread.join(PATIENCE)


def connect(port: int) -> socket:
    """Open a connection."""
    return create_connection(("127.0.0.1", port), PATIENCE)


def read_answer(connection: socket) -> bytes:
    """Return one answer with its body of two bytes."""
    answer = b""
    while not answer.endswith(b"\r\n\r\nok"):
        piece = connection.recv(65536)
        assert piece, answer
        answer += piece
    return answer


def read_to_end(connection: socket) -> bytes:
    """Return what comes until the other end closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def grow(connection: socket) -> None:
    """Send a head piece by piece until it is larger than 16 KiB, and not end it."""
    connection.sendall(GET)
    for _ in range(17):
        connection.sendall(LINE)
        time.sleep(0.01)


def is_cut(connection: socket, piece: bytes, times: int, pause: float) -> bool:
    """Send a piece so often, unless the other end closes before."""
    try:
        for _ in range(times):
            connection.sendall(piece)
            time.sleep(pause)
    except OSError:
        return True
    return False


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize(
    "sent", [b"", b"GET /he", GET + b"X-Slow: a", b"\r\n"], ids=["silent", "line", "head", "blank"]
)
def test_a_head_has_its_time_and_no_more(port: int, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says nothing, or half of something, is let go; nothing is answered."""
    monkeypatch.setattr(connections, "HEAD_WAIT", 1.0)
    with connect(port) as connection:
        connection.sendall(sent)

        assert read_to_end(connection) == b""


@pytest.mark.asvs("15.2.2")
def test_more_bytes_do_not_lengthen_the_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then kept a connection for ever."""
    monkeypatch.setattr(connections, "HEAD_WAIT", 1.0)
    with connect(port) as connection:
        connection.sendall(GET)

        assert is_cut(connection, b"X-A: b\r\n", times=600, pause=0.1)  # a minute, against one second


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize("sent", [b"GET /he", b"\r\n"], ids=["line", "blank"])
def test_the_next_head_has_its_time_too(port: int, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept connection that begins a request and stops is let go, though uvicorn takes any byte for a request."""
    with connect(port) as connection:
        connection.sendall(GET + b"\r\n")
        assert b"200" in read_answer(connection)
        monkeypatch.setattr(connections, "HEAD_WAIT", 0.5)
        connection.sendall(sent)

        assert read_to_end(connection) == b""


@pytest.mark.asvs("4.2.5", "15.2.2")
def test_a_head_that_grows_is_refused_while_it_grows(port: int) -> None:
    """Headers without an end filled the memory; now the answer comes after 16 KiB and is one of ours."""
    with connect(port) as connection:
        grow(connection)
        answer = read_to_end(connection)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert json.loads(body)["code"] == "head_too_large"


@pytest.mark.asvs("15.2.2")
def test_what_follows_a_body_is_bounded_too(port: int) -> None:
    """Trailers are headers by another door."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
    with connect(port) as connection:
        connection.sendall(head)

        assert is_cut(connection, LINE, times=20_000, pause=0.001)


def test_bodies_and_rows_of_requests_pass(port: int) -> None:
    """Nothing of this concerns a body, requests in one piece, or a body that is refused before it is there."""
    with connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n")
        assert b"413" in read_answer(connection)
        connection.sendall(b"x" * 40000)
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(30):
            connection.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert b"200" in read_answer(connection)
        connection.sendall((GET + b"\r\n") * 3)
        answers = b""
        while answers.count(b"\r\n\r\nok") < 3:
            answers += connection.recv(65536)
        assert answers.count(b"200 OK") == 3


@pytest.mark.asvs("15.2.2")
def test_the_longest_silence_gives_way(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand silent connections shut the API for everybody: now the newest is always heard."""
    monkeypatch.setattr(connections, "IDLE_MAX", 5)
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(port)) for _ in range(8)]
        newest = stack.enter_context(connect(port))
        newest.sendall(GET + b"\r\n")

        assert b"200" in read_answer(newest)
        assert read_to_end(silent[0]) == b""


@pytest.mark.asvs("15.2.2")
def test_an_answer_that_nobody_takes_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that its client began and does not read held a connection for ever."""
    monkeypatch.setattr(connections, "TAKE_WAIT", 0.5)
    LET_GO.clear()
    with connect(port) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")

        assert LET_GO.wait(PATIENCE)


@pytest.mark.asvs("15.2.2")
def test_an_answer_that_is_taken_goes_on(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it had to wait for its client."""
    monkeypatch.setattr(connections, "TAKE_WAIT", PATIENCE)
    LET_GO.clear()
    with connect(port) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        taken = sum(len(connection.recv(65536)) for _ in range(500))

        assert (taken > 1_000_000, LET_GO.is_set()) == (True, False)
    assert LET_GO.wait(PATIENCE)


@pytest.mark.asvs("4.2.5")
def test_a_long_head_that_came_at_once_is_refused(api: TestClient) -> None:
    """Whatever server stands before the application, it takes no more than 16 KiB of address and headers."""
    many = {f"X-{number}": "a" * 1000 for number in range(17)}
    for refused in (api.get("/healthz", headers=many), api.get(f"/healthz?{'a' * 17_000}")):
        assert (refused.status_code, refused.json()["code"]) == (431, "head_too_large")
        assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert api.get("/healthz", headers={"X-Long": "a" * 15_000}).status_code == 200


@pytest.mark.asvs("15.2.2")
def test_the_seeds_own_command_has_these_bounds(migrated_sqlite: str, tmp_path: Path) -> None:
    """`uvicorn app.main:app --app-dir Login` needs no flag for it."""
    settings = {"DATABASE_URL": migrated_sqlite, "JWT_SECRET_KEY": secrets.token_urlsafe(32)}
    chosen = free_port()
    command = ["-m", "uvicorn", "app.main:app", "--port", str(chosen), "--app-dir", "Login"]
    server = Server(command, settings | {"MAIL_WORKER": "false"}, chosen, tmp_path / "api.log")
    server.start("/healthz")
    try:
        with connect(chosen) as connection:
            grow(connection)
            assert read_to_end(connection).startswith(b"HTTP/1.1 431 ")
    finally:
        server.stop()
