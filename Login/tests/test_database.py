"""The one place that commits and retries, on both databases: what one process and several may rely on."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from app.database import Database
from app.errors import DatabaseUnavailable, EmailTaken
from testing.api import RunSql
from testing.loops import finish

INSERT = text("INSERT INTO schedules (name, next_at) VALUES (:name, '2020-01-01 00:00:00')")
TOLD = "SELECT @@tx_isolation, @@innodb_lock_wait_timeout, @@autocommit"
READ_ALL = text("SELECT name FROM schedules ORDER BY name")
START_COUNTER = (
    "INSERT INTO attempts (key_hash, count, window_started_at, last_at, expires_at)"
    " VALUES ('counter', 0, '2020-01-01 00:00:00', '2020-01-01 00:00:00', '2020-01-01 00:00:00')"
)


def insert(connection: Connection, name: str) -> str:
    """Add a row."""
    connection.execute(INSERT, {"name": name})
    return name


def names(connection: Connection) -> list[str]:
    """Read every row."""
    return list(connection.execute(READ_ALL).scalars())


def increment(connection: Connection) -> None:
    """Count one on."""
    connection.execute(text("UPDATE attempts SET count = count + 1"))


def together(*calls: Any) -> list[Any]:
    """Run all at once and return results and exceptions."""

    async def gather() -> list[Any]:
        return await asyncio.gather(*calls, return_exceptions=True)

    return finish(gather())


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """Give a Database of two connections, on each backend in turn."""
    database = Database(migrated_url, pool_size=2)
    yield database
    database.close()


@pytest.fixture
def settings(make_settings: Callable[..., Any], migrated_url: str) -> Any:
    """Let `sql` look at the same database from outside."""
    return make_settings(migrated_url)


def test_a_transaction_is_committed_before_it_returns(database: Database, sql: RunSql) -> None:
    """Whoever is told of a change can rely on everybody seeing it."""
    assert finish(database.transaction(insert, "a")) == "a"

    assert sql("SELECT name FROM schedules") == [("a",)]
    assert finish(database.read(names)) == ["a"]


def test_an_autocommitted_statement_stands_alone(database: Database, sql: RunSql) -> None:
    """It is seen at once, and stays whatever its work raises afterwards; a transaction that follows is untouched."""

    def refuse(connection: Connection) -> None:
        insert(connection, "a")
        assert sql("SELECT name FROM schedules") == [("a",)]
        raise EmailTaken

    with pytest.raises(EmailTaken):
        finish(database.autocommit(refuse))

    assert finish(database.autocommit(names)) == ["a"]
    assert finish(database.transaction(insert, "b")) == "b"
    assert finish(database.read(names)) == ["a", "b"]


@pytest.mark.asvs("2.3.3")
def test_a_refusal_rolls_back_and_comes_through(database: Database, sql: RunSql) -> None:
    """What was written before a refusal is undone; the refusal is the caller's, unchanged and not repeated."""
    tries = count()

    def refuse(connection: Connection) -> None:
        next(tries)
        insert(connection, "a")
        raise EmailTaken

    with pytest.raises(EmailTaken):
        finish(database.transaction(refuse))

    assert sql("SELECT name FROM schedules") == []
    assert next(tries) == 1


def test_a_fault_of_ours_is_not_tried_again(database: Database) -> None:
    """A statement that is wrong in itself stays wrong."""
    tries = count()

    def fail(connection: Connection) -> None:
        next(tries)
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises((ProgrammingError, DatabaseUnavailable)):
        finish(database.transaction(fail))

    assert next(tries) == 1


@pytest.mark.asvs("1.4.3")
def test_64_transactions_share_two_connections(database: Database, sql: RunSql) -> None:
    """Nobody waits for a connection while holding a thread, so none waits for ever; no increment is lost."""
    sql(START_COUNTER)
    results = together(
        *(database.transaction(increment) for _ in range(64)), *(database.read(names) for _ in range(64))
    )

    assert [result for result in results if isinstance(result, Exception)] == []
    assert sql("SELECT count FROM attempts") == [(64,)]


WRITER = """
import asyncio, sys
from sqlalchemy import text
from app.database import Database

def work(connection):
    value = connection.execute(text("SELECT count FROM attempts")).scalar_one()
    connection.execute(text("UPDATE attempts SET count = :value"), {"value": value + 1})

async def main(database):
    for _ in range(15):
        reads = [database.read(lambda connection: None) for _ in range(4)]
        await asyncio.gather(*reads, *(database.transaction(work) for _ in range(4)))

database = Database(sys.argv[1], pool_size=4)
asyncio.run(main(database))
database.close()
"""


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_four_processes_write_one_file(migrated_url: str, sql: RunSql) -> None:
    """Each takes the write lock before it reads: none ever sees "locked", and no increment is lost."""
    sql(START_COUNTER)
    command = [sys.executable, "-c", WRITER, migrated_url]
    writers = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=python_path())  # noqa: S603 our own Python
        for _ in range(4)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors

    assert sql("SELECT count FROM attempts") == [(4 * 15 * 4,)]


def python_path() -> dict[str, str]:
    """Let a new process import what this one can."""
    return {"PYTHONPATH": ":".join(sys.path), "PATH": ""}


def test_what_fails_shows_no_values(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """The log says that the database failed and how, never with which values."""

    def fail(connection: Connection) -> None:
        connection.execute(text("INSERT INTO schedules (name) VALUES (:name)"), {"name": "a secret value"})

    with pytest.raises(Exception) as caught:  # noqa: PT011 each database has its own, and either may be ours
        finish(database.transaction(fail))

    assert "a secret value" not in f"{caught.value} {caught.value.__cause__} {caplog.text}"


@pytest.mark.asvs("13.1.2")
def test_waiting_transactions_keep_nobody_from_reading(database: Database) -> None:
    """While every transaction that may run waits for something, reads are answered."""
    gate = threading.Event()

    async def read_beside() -> tuple[list[str], bool]:
        stuck = [asyncio.create_task(database.transaction(lambda _: gate.wait(60))) for _ in range(4)]
        await asyncio.sleep(0.1)
        found = await database.read(names)
        waited = not any(each.done() for each in stuck)
        gate.set()
        await asyncio.gather(*stuck)
        return found, waited

    assert finish(read_beside()) == ([], True)


@pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
@pytest.mark.parametrize(("kind", "commits"), [("read", 1), ("transaction", 0)])
def test_a_new_connection_is_told_all_in_few_words(database: Database, kind: str, commits: int) -> None:
    """Isolation, patience and who commits: two statements at most, for each waits for its answer from far away."""
    met = threading.Barrier(2)

    def ask(connection: Connection) -> tuple[int, Any]:
        met.wait(60)
        sent = int(connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Questions'").one()[1])
        return sent - 1, tuple(connection.exec_driver_sql(TOLD).one())

    method = getattr(database, kind)
    finish(method(names))  # the first connection of all is asked what kind of server this is
    answers = together(method(ask), method(ask))

    assert min(sent for sent, _ in answers) <= 2
    assert {told for _, told in answers} == {("READ-COMMITTED", 4, commits)}
