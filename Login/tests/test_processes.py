"""Real processes that are killed, asked to end, and held up: nothing acknowledged is lost and others are served."""

import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from app.auth import PasswordHasher
from testing.api import CHEAP_ARGON2, PASSWORD, Person, RunSql, StartApi, register, sign_in
from testing.processes import Server

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
PEOPLE = {"mariadb": 250, "sqlite": 60}  # each of them registers, signs in and changes the password
ACTORS, KILLS = 6, 4
NEW_PASSWORD = "red herons at dusk"
OK = 200
PATIENCE = 60.0  # seconds


# --- kill -9 -----------------------------------------------------------------------------------------------------


@dataclass
class Account:
    """What one person was told: the account is there or not, and which passwords may be in force."""

    person: Person
    registered: bool = False
    passwords: set[str] = field(default_factory=lambda: {PASSWORD})


@pytest.fixture
def settings(make_settings: Any, migrated_url: str) -> Any:
    """Let `sql` look at the database of the processes."""
    return make_settings(migrated_url)


@POSIX
@pytest.mark.asvs("2.3.3")
def test_what_was_acknowledged_outlives_kill_9(start_api: StartApi, sql: RunSql, migrated_url: str, seed: int) -> None:
    """Killed at random in 500 registrations and changes of passwords: what was confirmed is there, and nothing half."""
    server = start_api(RATE_LIMITS_ENABLED="false", MAIL_WORKER="false")
    people = PEOPLE[migrated_url.partition(":")[0].partition("+")[0]]
    accounts = [Account(Person(f"user{number}@example.com", None, PASSWORD)) for number in range(people)]
    left, over = iter(accounts), threading.Event()
    killer = threading.Thread(target=kill_now_and_then, args=(server, over, random.Random(seed)))  # noqa: S311 moments, not secrets
    killer.start()
    try:
        with ThreadPoolExecutor(ACTORS) as threads:
            list(threads.map(lambda _: live(server.url, left, over), range(ACTORS)))
    finally:
        over.set()
        killer.join()

    stored = {row.email: row for row in sql("SELECT id, email, password_hash FROM users")}
    sessions = sql(
        "SELECT user_id, SUM(ended_at IS NULL) AS live, SUM(ended_at IS NOT NULL) AS ended"
        " FROM sessions GROUP BY user_id"
    )
    by_user = {row.user_id: (int(row.live), int(row.ended)) for row in sessions}
    hasher = PasswordHasher(**{name.removeprefix("argon2_"): value for name, value in CHEAP_ARGON2.items()})
    for account in accounts:
        row = stored.get(account.person.email)
        assert row is not None or not account.registered, account
        if row is not None:
            [password] = [each for each in (PASSWORD, NEW_PASSWORD) if hasher.verify(each, row.password_hash)]
            assert password in account.passwords, account
            live_now, ended = by_user.get(row.id, (0, 0))
            # Changing the password ends every session and opens one, all in one.
            assert (live_now == 1 and ended >= 1) if password == NEW_PASSWORD else ended == 0, account
    assert sum(account.registered for account in accounts) > people / 2
    assert sum(account.passwords == {NEW_PASSWORD} for account in accounts) > people / 2


def kill_now_and_then(server: Server, over: threading.Event, drawn: random.Random) -> None:
    """Kill the process as a lack of memory would, and start it again."""
    for _ in range(KILLS):
        if over.wait(drawn.uniform(0.1, 0.8)):
            return
        server.stop(signal.SIGKILL)
        server.start("/healthz")


def live(url: str, left: Iterator[Account], over: threading.Event) -> None:
    """Act for one person after the other, whatever happens to the server."""
    with httpx2.Client(base_url=url, timeout=PATIENCE) as http:
        for account in left:
            with suppress(httpx2.TransportError):
                act(http, account)
            while not over.is_set() and not is_up(http):
                time.sleep(0.02)


def act(http: Any, account: Account) -> None:
    """Register, sign in and change the password, noting each thing that was confirmed."""
    person = account.person
    answer = http.post("/register", json={"email": person.email, "password": PASSWORD})
    assert answer.status_code == OK
    account.registered = True
    user = sign_in(http, person)
    account.passwords.add(NEW_PASSWORD)
    changed = user.call("PUT", "/user/update", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    assert changed.status_code == OK
    account.passwords.remove(PASSWORD)


def is_up(http: Any) -> bool:
    """Whether the server answers."""
    with suppress(httpx2.TransportError):
        return bool(http.get("/healthz").status_code == OK)
    return False


# --- SIGTERM -----------------------------------------------------------------------------------------------------


@pytest.fixture
def body() -> bytes:
    """Give a sign-in whose answer is known."""
    return b'{"username": "nobody", "password": "blue herons at dawn"}'


@POSIX
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("workers", "status"), [(1, -signal.SIGTERM), (2, 0)])
def test_what_has_begun_is_finished_at_the_end(start_api: StartApi, body: bytes, workers: int, status: int) -> None:
    """Asked to end with requests half sent, the server takes no new ones, answers those, and ends in order."""
    server = start_api(workers)
    with ExitStack() as stack, ThreadPoolExecutor(1) as threads:
        begun = [stack.enter_context(connect(server)) for _ in range(4)]
        for connection in begun:
            connection.sendall(head(body, "Expect: 100-continue\r\n"))
            assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"  # it has been taken
            connection.sendall(body[:10])
        ending = threads.submit(server.stop)
        if workers == 1:  # with more, the parent holds the door open until the last has ended
            wait_until_closed(server)
        for connection in begun:
            connection.sendall(body[10:])
        answers = [receive_all(connection) for connection in begun]
        ended = ending.result()

    assert all(answer.startswith(b"HTTP/1.1 400 ") and b"invalid_credentials" in answer for answer in answers), answers
    assert ended == status  # uvicorn ends a single process by the signal itself, which a shell shows as 143


def head(body: bytes, more: str = "") -> bytes:
    """Return the head of a sign-in."""
    lines = f"POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{lines}{more}\r\n".encode()


def connect(server: Server) -> socket.socket:
    """Open a connection."""
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=PATIENCE)


def wait_until_closed(server: Server) -> None:
    """Wait until nobody listens any more."""
    end = time.monotonic() + PATIENCE
    with suppress(ConnectionRefusedError):
        while time.monotonic() < end:
            connect(server).close()
            time.sleep(0.02)
        pytest.fail("it still takes connections")


def receive_all(connection: socket.socket) -> bytes:
    """Read an answer until the server closes."""
    received = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return received


# --- connections that do nothing ---------------------------------------------------------------------------------


@pytest.mark.asvs("13.1.2")
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_idle_and_stalled_connections_hold_up_nobody(start_api: StartApi, body: bytes) -> None:
    """With 200 idle connections, 80 that stop within their head and 80 within their body, others are served."""
    server = start_api()
    with ExitStack() as stack:
        held = [stack.enter_context(connect(server)) for _ in range(360)]
        for connection in held[200:280]:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        for connection in held[280:]:
            connection.sendall(head(body) + body[:10])
        with httpx2.Client(base_url=server.url, timeout=PATIENCE) as http:
            user = sign_in(http, register(http))
            seen = {user.get("/user/profile").status_code for _ in range(40)}

    assert seen == {OK}
