"""What others do while expired rows go: they wait for no batch, no batch waits for them, and what is young stays."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from app.config import Settings
from app.crud import accounts, attempts, sessions
from app.crud.operations import current_time
from app.crud.sweeping import EXPIRIES, delete_expired
from app.models import Session, metadata
from app.resources import make_resources
from app.services.sweeping import sweep
from app.throttling.limits import Tally
from CreateDB.server.engine import make_engine
from testing.api import RunSql, SignedIn, register
from testing.loops import finish
from testing.mariadb import empty_tables

MAIN = Path(__file__).resolve().parents[2] / "CreateDB" / "main.py"
SESSIONS = next(expiry for expiry in EXPIRIES if expiry.table == "sessions")
SEEN = {"client_address": "203.0.113.9", "user_agent": "curl"}
HOUR = timedelta(hours=1)
COUNTERS = [number.to_bytes(32, "big") for number in range(500)]
COUNT_COUNTERS = "SELECT COUNT(*) FROM attempts WHERE key_hash < UNHEX('01')"


@pytest.fixture
def migrated_url(migrated_mariadb: str) -> str:
    """Use MariaDB alone: SQLite lets one write at a time."""
    empty_tables(migrated_mariadb)
    return migrated_mariadb


@contextmanager
def impatient(url: str) -> Iterator[Connection]:
    """Connect as somebody to whom any wait for a lock is a failure: no clock has to tell a short one."""
    engine = make_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 0")
        connection.commit()
        yield connection
    engine.dispose()


def put_sessions(url: str, owner: int, number: int) -> list[str]:
    """Give somebody so many sessions, every other one expired, side by side; return the names of the live ones."""
    now, engine = datetime.now(UTC), make_engine(url)
    same = dict.fromkeys(("rotated_at", "created_at", "last_seen_at", "authenticated_at"), now)
    ends = [now + HOUR if n % 2 else now - HOUR * (1 + n % 7) for n in range(number)]
    rows = [
        Session(sid=f"filled-{n}", user_id=owner, expires_at=end, **same).model_dump(exclude={"id"})
        for n, end in enumerate(ends)
    ]
    with engine.begin() as connection:
        connection.execute(insert(metadata.tables["sessions"]), rows)
    engine.dispose()
    return [f"filled-{n}" for n in range(1, number, 2)]


def live_on(connection: Connection, owner: int, names: list[str], name: str) -> None:
    """Refresh all these sessions, and sign in once more."""
    now = current_time(connection)
    for sid in names:
        found = sessions.get_principal(connection, sid)
        assert found
        assert sessions.rotate_session(connection, sid, found.session.generation, now, SEEN)
    same = dict.fromkeys(("rotated_at", "created_at", "last_seen_at", "authenticated_at"), now)
    sessions.insert_session(connection, Session(sid=name, user_id=owner, expires_at=now + HOUR, **same))
    sessions.end_surplus(connection, owner, "surplus", now)
    accounts.note_login(connection, owner, now)


@pytest.mark.parametrize(("number", "size"), [(2, 7), (80, 7), (80, 1000)])
def test_nobody_waits_for_a_batch(user: SignedIn, migrated_url: str, sql: RunSql, number: int, size: int) -> None:
    """While the rows of any batch are locked, their owner's other sessions go on, and a new one begins."""
    owner = sql("SELECT id FROM users")[0][0]
    names = put_sessions(migrated_url, owner, number)
    gone, reached, batches = 0, None, 0
    with impatient(migrated_url) as sweeper, impatient(migrated_url) as other:
        while not batches or reached is not None:
            batch = delete_expired(sweeper, SESSIONS, reached, size)
            live_on(other, owner, names, f"new-{batches}")
            other.commit()
            sweeper.commit()
            gone, reached, batches = gone + batch.gone, batch.reached, batches + 1

    assert gone == number // 2
    assert sql("SELECT COUNT(*) FROM sessions") == [(number // 2 + batches + 1,)]


@pytest.mark.parametrize(("number", "size"), [(2, 7), (80, 7), (80, 1000)])
def test_a_batch_waits_for_nobody(user: SignedIn, migrated_url: str, sql: RunSql, number: int, size: int) -> None:
    """Every live session is locked all the while, as by a refresh that hangs: however few rows there are."""
    owner = sql("SELECT id FROM users")[0][0]
    names = put_sessions(migrated_url, owner, number)
    gone, reached, is_first = 0, None, True
    with impatient(migrated_url) as sweeper, impatient(migrated_url) as other:
        live_on(other, owner, names, "new")
        while is_first or reached is not None:
            with sweeper.begin():
                batch = delete_expired(sweeper, SESSIONS, reached, size)
            gone, reached, is_first = gone + batch.gone, batch.reached, False

    assert gone == number // 2


def test_several_sweeps_at_once_leave_all_that_is_young(
    user: SignedIn, settings: Settings, migrated_url: str, sql: RunSql
) -> None:
    """Two operators and the API sweep, people sign in, counters that had ended begin anew: none of these is lost."""
    owner = sql("SELECT id FROM users")[0][0]
    register(user.http, "bob")
    names = put_sessions(migrated_url, sql("SELECT MAX(id) FROM users")[0][0], 6000)
    put_ended_counters(migrated_url)
    stop = threading.Event()
    command = [sys.executable, str(MAIN), "--url", migrated_url, "--sweep"]
    with ThreadPoolExecutor() as threads, ExitStack() as running:
        lives = threads.submit(repeat, stop, settings, lambda c, n: live_on(c, owner, names[-9:], f"new-{n}"))
        guesses = threads.submit(repeat, stop, settings, guess_again)
        runs = [running.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL)) for _ in range(2)]  # noqa: S603 ours
        sweep_once(settings)
        statuses = [process.wait(120) for process in runs]
        stop.set()
        new, guessed = lives.result(), guesses.result()
    begun_anew = {key for number in range(guessed) for key in list_counters(number)}

    assert statuses == [0, 0]
    assert sql("SELECT COUNT(*), SUM(expires_at < UTC_TIMESTAMP(6)) FROM sessions") == [(3000 + new + 1, 0)]
    assert sql(f"{COUNT_COUNTERS} AND expires_at > UTC_TIMESTAMP(6)") == sql(COUNT_COUNTERS) == [(len(begun_anew),)]


def sweep_once(settings: Settings) -> None:
    """Sweep as the API does."""
    resources = make_resources(settings)
    finish(sweep(resources))
    resources.close()


def put_ended_counters(url: str) -> None:
    """Add counters whose windows are over."""
    then, engine = datetime.now(UTC) - HOUR, make_engine(url)
    same = {"count": 1, "window_started_at": then, "last_at": then}
    # Those that ended first have the highest keys.
    rows = [{**same, "key_hash": key, "expires_at": then - n * HOUR} for n, key in enumerate(COUNTERS)]
    with engine.begin() as connection:
        connection.execute(insert(metadata.tables["attempts"]), rows)
    engine.dispose()


def list_counters(number: int) -> list[bytes]:
    """List the three counters of a guess."""
    return [COUNTERS[(number * 3 + n) % len(COUNTERS)] for n in (0, 200, 100)]


def guess_again(connection: Connection, number: int) -> None:
    """Let three counters begin anew, as a guess does."""
    keys = dict.fromkeys(list_counters(number))
    now = max(now for _, now in attempts.hold_tallies(connection, keys).values())
    attempts.save_tallies(connection, keys, dict.fromkeys(keys, (Tally(1, now, now), HOUR)))


def repeat(stop: threading.Event, settings: Settings, work: Callable[[Connection, int], None]) -> int:
    """Do something in one transaction of the API's after the other; return how many there were."""
    resources, number = make_resources(settings), 0
    while not stop.is_set():
        finish(resources.database.transaction(work, number))
        number += 1
    resources.close()
    return number
