"""Measures how queries and the operator's commands grow with the number of accounts, on a private MariaDB of its own.

    python scripts/measure_growth.py 1000 100000

Rows read tell more than time: no other load on the machine changes them.
"""

import hashlib
import os
import random
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "Login")]

from sqlalchemy import Connection

from app.crud import accounts, attempts, events, services, sessions
from app.crud.operations import current_time
from app.models import Session
from CreateDB.server.engine import make_engine
from scripts.growth_rows import fill
from testing.mariadb import make_tables
from testing.mariadb_server import MariadbControl

SIZES = (1_000, 100_000, 1_000_000, 10_000_000)
CALLS, WARM = 300, 30
SERVER = ("--innodb-buffer-pool-size=4G", "--innodb-log-file-size=1G", "--innodb-autoinc-lock-mode=2")
SEEN = {"client_address": "203.0.113.9", "user_agent": "curl"}
READS = "SHOW {} STATUS LIKE 'Handler_read%%'"  # what a statement has read of rows and indexes
BYTES = (
    "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()"
)

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
SERVICE = (
    "REPLACE INTO services (name, scopes, secret_hash, created_at, rotated_at)"
    " VALUES ('shop', '', 'x', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))"
)

Query = Callable[[Connection, int], object]


def name(kind: str, number: int) -> str:
    """Return the name that an account or a session has by its number."""
    return hashlib.md5(f"{kind}{number}".encode()).hexdigest()  # noqa: S324 a name, and no secret


def refresh(connection: Connection, number: int) -> None:
    """Do what a refresh does: load the session, and move it on."""
    sid = name("s", number)
    sessions.get_principal(connection, sid)
    sessions.rotate_session(connection, sid, 3, current_time(connection), SEEN)


def count_guess(connection: Connection, number: int) -> None:
    """Do what a wrong password does: hold three counters."""
    attempts.hold_tallies(connection, {hashlib.sha256(f"{number + n}".encode()).digest(): None for n in range(3)})


def sign_in(connection: Connection, number: int) -> None:
    """Do what a sign-in changes: an address, a session, and the end of those beyond a hundred."""
    now = current_time(connection)
    attempts.renew_address(connection, number, hashlib.sha256(f"{number}".encode()).digest(), now)
    sid, later = secrets.token_hex(16), now + timedelta(days=1)
    session = Session(
        sid=sid,
        user_id=number,
        rotated_at=now,
        created_at=now,
        last_seen_at=now,
        authenticated_at=now,
        expires_at=later,
    )
    sessions.insert_session(connection, session)
    sessions.end_surplus(connection, number, "surplus", now)
    accounts.note_login(connection, number, now)


QUERIES: Mapping[str, Query] = {
    "authenticate a call": lambda c, n: sessions.get_principal(c, name("s", n)),
    "look an account up by email": lambda c, n: accounts.find_credentials(c, {"email_key": f"person{n}@example.com"}),
    "look an account up by username": lambda c, n: accounts.find_credentials(c, {"username_key": f"person{n}"}),
    "count a guess": count_guess,
    "write a sign-in": sign_in,
    "refresh": refresh,
    "introspect": lambda c, n: services.find_asked(c, "shop", name("s", n)),
    "list somebody's sessions": lambda c, n: sessions.list_sessions(c, n, LONG_AGO, LONG_AGO),
    "list somebody's events": lambda c, n: events.list_events(c, name("p", n), None, (), 50),
}
COMMANDS: Mapping[str, list[str]] = {
    "--check": ["--check"],
    "--list-users": ["--list-users"],
    "--list-users --like": ["--list-users", "--like", "person99"],
    "--show-user": ["--show-user", "person77"],
    "--events": ["--events", "person77"],
    "--explain-login": ["--explain-login", "person77"],
    "--doctor": ["--doctor"],
    "--sweep": ["--sweep"],
}


def reads(connection: Connection, scope: str) -> int:
    """Return how many rows the server has read so far."""
    return sum(int(value) for _name, value in connection.exec_driver_sql(READS.format(scope)))


def measure_query(connection: Connection, query: Query, people: int) -> tuple[float, float]:
    """Return the median of a query's milliseconds, and the rows that one reads, over accounts drawn by lot."""
    took, before = [], 0
    own = -reads(connection, "SESSION") + reads(connection, "SESSION")  # what asking for them reads
    for call in range(-WARM, CALLS):
        if call == 0:
            before = reads(connection, "SESSION")
        began = time.perf_counter()
        query(connection, random.randint(2, people - 3))  # noqa: S311 a sample
        took.append(time.perf_counter() - began)
        connection.rollback()
    after = reads(connection, "SESSION")
    return statistics.median(took[WARM:]) * 1000, (after - before - own) / CALLS


def measure_command(connection: Connection, flags: list[str], url: str) -> tuple[float, float]:
    """Return the seconds that a command takes, and the rows that the server reads for it."""
    own = -reads(connection, "GLOBAL") + reads(connection, "GLOBAL")
    before, began = reads(connection, "GLOBAL"), time.perf_counter()
    command = [sys.executable, str(ROOT / "CreateDB/main.py"), "--url", url, *flags]
    environment = {**os.environ, "JWT_SECRET_KEY": secrets.token_hex(32)}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began, reads(connection, "GLOBAL") - before - own


def measure(url: str, people: int) -> Iterator[str]:
    """Fill the tables for so many people, and yield a line for each measurement."""
    with make_engine(url).connect() as connection:
        fill(connection, people)
        connection.exec_driver_sql(SERVICE)
        connection.commit()
        yield f"| bytes a person | {int(connection.exec_driver_sql(BYTES).scalar_one()) / people:,.0f} | |"
        for what, query in QUERIES.items():
            milliseconds, rows = measure_query(connection, query, people)
            yield f"| {what} | {milliseconds:.2f} ms | {rows:,.1f} |"
        for what, flags in COMMANDS.items():
            seconds, rows = measure_command(connection, flags, url)
            yield f"| `{what}` | {seconds:.1f} s | {rows:,.0f} |"


def main() -> None:
    """Measure each size that is named, or all."""
    control = MariadbControl(on_disk=True, flags=SERVER)
    try:
        control.start()
        url = make_tables(control)
        for people in map(int, sys.argv[1:] or SIZES):
            say(f"\n{people:,} people\n\n| what | time | rows read |\n| --- | --- | --- |")
            for line in measure(url, people):
                say(line)
    finally:
        control.remove()


def say(text: str) -> None:
    """Print a line at once: the next may take minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
