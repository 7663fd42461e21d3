"""How many connections a process has: as many as it needs at a time, never more than its threads, few when it rests."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, text

from app.database import Database, limit_connections
from app.driver import lender
from app.errors import DatabaseUnavailable, EmailTaken
from CreateDB.server.engine import make_engine
from testing.loops import finish
from testing.mariadb_server import MariadbControl

POOL_SIZE = 8
READERS = limit_connections(POOL_SIZE) - POOL_SIZE


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """Give a Database of the default size, on each backend in turn."""
    database = Database(migrated_url, pool_size=POOL_SIZE)
    yield database
    database.close()


def count_open(database: Database, url: str) -> int:
    """Count the open connections, and ask the server too, where there is one."""
    open_ = sum(number for _, _, number in database.count_connections())
    if url.startswith("sqlite"):
        return open_
    query = text("SELECT count(*) FROM information_schema.processlist WHERE db = :name AND id != connection_id()")
    with make_engine(url).connect() as connection:
        assert connection.scalar(query, {"name": make_url(url).database}) == open_
    return open_


def look(connection: Connection) -> None:
    """Read something."""
    connection.execute(text("SELECT name FROM schedules")).all()


class Gathering:
    """Work that ends when so many do it at the same time."""

    def __init__(self, database: Database, url: str, number: int) -> None:
        """Take who counts what is open meanwhile."""
        self.open_meanwhile = 0
        self._database, self._url = database, url
        self._barrier = threading.Barrier(number, action=self._count)

    def __call__(self, _connection: Connection) -> None:
        """Wait for the others, with the connection in hand."""
        self._barrier.wait(60)

    def _count(self) -> None:
        self.open_meanwhile = count_open(self._database, self._url)


async def crowd(database: Database, method: Any, url: str) -> int:
    """Let every thread work at the same time, and return how many connections were open then."""
    work = Gathering(database, url, limit_connections(POOL_SIZE))
    calls = [method(work) for _ in range(POOL_SIZE)] + [database.read(work) for _ in range(READERS)]
    await asyncio.gather(*calls)
    return work.open_meanwhile


@pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
def test_a_busy_process_has_one_for_each_thread(database: Database, migrated_url: str) -> None:
    """When everybody writes in one way and then everybody in the other, nothing of the first is left over."""

    async def swing() -> list[int]:
        methods = (database.transaction, database.autocommit, database.transaction)
        return [await crowd(database, method, migrated_url) for method in methods]

    assert finish(swing()) == [limit_connections(POOL_SIZE)] * 3
    assert limit_connections(POOL_SIZE) == 11


def test_who_comes_one_by_one_shares_one_of_each_kind(database: Database, migrated_url: str) -> None:
    """Whichever thread works, also after refusals: a quiet process holds two connections."""

    def refuse(connection: Connection) -> None:
        look(connection)
        raise EmailTaken

    async def calls() -> None:
        for _ in range(2 * POOL_SIZE):
            for method in (database.read, database.transaction, database.autocommit):
                await method(look)
                with pytest.raises(EmailTaken):
                    await method(refuse)

    finish(calls())

    assert count_open(database, migrated_url) == 2
    assert {name for name, _, number in database.count_connections() if number} == {"read", "transaction"}


@pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
def test_what_is_not_needed_any_more_is_closed(
    database: Database, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rush the process lets go of what has had no work, at its next piece of work."""
    finish(crowd(database, database.transaction, migrated_url))
    monkeypatch.setattr(lender, "IDLE", -1)

    finish(database.read(look))

    assert count_open(database, migrated_url) == 0


@pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
def test_one_that_was_lost_takes_the_others_with_it(database: Database, migrated_url: str) -> None:
    """They lead to the same server: nobody finds out one by one."""
    killed: list[Any] = []

    def be_killed_once(connection: Connection) -> None:
        if not killed:
            killed.append(connection.scalar(text("SELECT connection_id()")))
            with make_engine(migrated_url).connect() as other:
                other.exec_driver_sql(f"KILL {killed[0]}")
        look(connection)

    finish(crowd(database, database.transaction, migrated_url))
    finish(database.transaction(be_killed_once))

    assert killed
    assert count_open(database, migrated_url) == 1


def test_a_server_that_died_leaves_nothing_open(
    mariadb_control: MariadbControl, caplog: pytest.LogCaptureFixture
) -> None:
    """Its idle connections are put away without a word, whatever they held, and the next call finds it again."""
    url = f"{mariadb_control.url}mysql"
    database = Database(url, pool_size=2)

    async def ask() -> list[Any]:
        methods = (database.read, database.transaction, database.autocommit)
        calls = [method(answer) for method in methods for _ in range(2)]
        return await asyncio.gather(*calls, return_exceptions=True)  # all of them end, also behind one that failed

    finish(ask())
    mariadb_control.kill()
    assert [type(outcome) for outcome in finish(ask())] == [DatabaseUnavailable] * 6
    assert {number for _, _, number in database.count_connections()} == {0}
    assert {record.message for record in caplog.records} == {"database_unavailable"}

    mariadb_control.start()
    assert finish(ask()) == [1] * 6
    assert {number for _, state, number in database.count_connections() if state == "in_use"} == {0}
    database.close()


def answer(connection: Connection) -> int:
    """Ask for the least there is."""
    return int(connection.execute(text("SELECT 1")).scalar_one())
