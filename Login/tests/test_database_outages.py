"""A MariaDB that deadlocks, dies, hangs and comes back: nothing is lost, done twice, or waited for too long."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from threading import Barrier, BrokenBarrierError, Event, Thread
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from app.database import Database
from app.errors import DatabaseUnavailable, OutcomeUnknown
from CreateDB.server.engine import make_engine
from testing.loops import finish
from testing.mariadb_server import MariadbControl

TABLE = "CREATE TABLE items (name VARCHAR(10) PRIMARY KEY, value INT NOT NULL) ENGINE=InnoDB"
HANGS = 40.0  # seconds: all has its answer in ten, and a server by itself would let a lock be waited for fifty
ADD_ONE = text("UPDATE items SET value = value + 1 WHERE name = :name")


def add_one(connection: Connection, name: str = "a") -> None:
    """Change a row, which locks it."""
    connection.execute(ADD_ONE, {"name": name})


def value(connection: Connection, name: str = "a") -> int:
    """Read a row."""
    return int(connection.execute(text("SELECT value FROM items WHERE name = :name"), {"name": name}).scalar_one())


def together(*calls: Any) -> list[Any]:
    """Run all at once and return results and exceptions."""

    async def gather() -> list[Any]:
        return await asyncio.gather(*calls, return_exceptions=True)

    return finish(gather())


def run(url: str, *statements: str) -> None:
    """Run statements as somebody who may do anything."""
    engine = make_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """Give a database with two rows: on a server of the test's own if it asks for one, else on everybody's."""
    if "mariadb_control" in request.fixturenames:
        server = request.getfixturevalue("mariadb_control").url
        # The test server is fast because it forgets; here what was committed must outlive a power cut.
        run(server, "CREATE DATABASE outages", "SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        address = make_url(server).set(database="outages").render_as_string(hide_password=False)
    else:
        address = request.getfixturevalue("scratch_database")()
    run(address, TABLE, "INSERT INTO items VALUES ('a', 0), ('b', 0)")
    return str(address)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Give a Database of four connections."""
    database = Database(url, pool_size=4)
    yield database
    database.close()


@pytest.fixture
def other(url: str) -> Iterator[Engine]:
    """Give somebody else on the same database."""
    engine = make_engine(url)
    yield engine
    engine.dispose()


def kill(other: Engine, connection_id: int) -> None:
    """End somebody's connection, as an administrator or a broken network would."""
    with other.connect() as connection:
        connection.exec_driver_sql(f"KILL CONNECTION {connection_id}")


def own_id(connection: Connection) -> int:
    """Ask for this connection's number."""
    return int(connection.execute(text("SELECT CONNECTION_ID()")).scalar_one())


@pytest.mark.asvs("16.5.3")
def test_deadlocks_are_never_seen(database: Database, other: Engine) -> None:
    """Two transactions that lock two rows crosswise both succeed: the victim is run again as a whole."""
    barrier, tries = Barrier(2), count()

    def cross(connection: Connection, first: str, second: str) -> None:
        next(tries)
        add_one(connection, first)
        with suppress(BrokenBarrierError):  # the second try has nobody to wait for
            barrier.wait(1)
        add_one(connection, second)

    results = together(database.transaction(cross, "a", "b"), database.transaction(cross, "b", "a"))

    assert results == [None, None]
    assert next(tries) >= 3
    with other.connect() as connection:
        assert (value(connection, "a"), value(connection, "b")) == (2, 2)


@pytest.mark.parametrize(("errno", "tries_made"), [(1020, 2), (1205, 2), (1213, 2), (1644, 1), (1064, 1)])
def test_passing_errors_are_tried_again(database: Database, errno: int, tries_made: int) -> None:
    """Changed record, lock wait and deadlock pass; others don't."""
    tries = count()

    def signal(connection: Connection) -> str:
        if next(tries) == 0:
            connection.exec_driver_sql(
                f"BEGIN NOT ATOMIC SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {errno}, MESSAGE_TEXT = 'made'; END"
            )
        return "done"

    try:
        finish(database.transaction(signal))
    except (DatabaseUnavailable, DBAPIError):
        assert tries_made == 1

    assert next(tries) == tries_made


def test_a_lock_is_waited_for_and_not_for_ever(database: Database, other: Engine) -> None:
    """A row that is freed after one lock wait is had by the second try; one that is not, costs two tries at most."""
    with other.connect() as short, other.connect() as long:
        add_one(short, "a")
        add_one(long, "b")
        start, tries, again = monotonic(), Counter[str](), Event()

        def try_one(connection: Connection, name: str) -> None:
            tries[name] += 1
            if tries["a"] == 2:
                again.set()
            add_one(connection, name)

        thread = Thread(target=lambda: (again.wait(HANGS), short.rollback()))
        thread.start()
        freed, held = together(database.transaction(try_one, "a"), database.transaction(try_one, "b"))
        thread.join()
        assert monotonic() - start < HANGS
        long.rollback()

    assert freed is None
    assert tries["a"] == 2
    assert tries["b"] <= 2  # of at most five seconds each
    assert isinstance(held, DatabaseUnavailable)
    assert held.retry_after is not None


def test_autocommitted_work_is_run_again(database: Database, other: Engine) -> None:
    """Its connection dies after the one write: the write stays, the second run finds it, and nobody hears of it."""
    tries = count()

    def add_once(connection: Connection) -> int:
        if value(connection) == 0:
            add_one(connection)
        if next(tries) == 0:
            kill(other, own_id(connection))
        return value(connection)

    assert finish(database.autocommit(add_once)) == 1
    assert next(tries) == 2


def test_a_connection_lost_before_commit_is_replaced(database: Database, other: Engine) -> None:
    """Work whose connection dies on the way is run again on another one; what it had done is undone."""
    tries = count()

    def die_once(connection: Connection) -> None:
        add_one(connection)
        if next(tries) == 0:
            kill(other, own_id(connection))
        add_one(connection)

    finish(database.transaction(die_once))

    assert next(tries) == 2
    assert finish(database.read(value)) == 2


def test_a_connection_lost_during_commit_is_told(database: Database, other: Engine) -> None:
    """Nobody knows whether it happened, so nobody repeats it: the caller is told so, and the next call works."""
    tries, victims = count(), []

    def work(connection: Connection) -> None:
        next(tries)
        victims.append(own_id(connection))
        add_one(connection)

    def die(_connection: Connection) -> None:
        if victims:
            kill(other, victims.pop())

    event.listen(database._writer._engine, "commit", die)  # noqa: SLF001 the moment is nowhere else to be had
    with pytest.raises(OutcomeUnknown):
        finish(database.transaction(work))
    victims.clear()
    event.remove(database._writer._engine, "commit", die)  # noqa: SLF001 likewise

    assert next(tries) == 1
    finish(database.transaction(add_one))


@pytest.mark.parametrize("way", ["restart", "kill"])
def test_a_restart_costs_no_request(mariadb_control: MariadbControl, database: Database, way: str) -> None:
    """While the server is down calls end soon as unavailable; once it is back the first calls succeed."""
    warm = together(*(database.read(value) for _ in range(4)), *(database.transaction(add_one) for _ in range(4)))
    assert [result for result in warm if isinstance(result, Exception)] == []
    (mariadb_control.stop if way == "restart" else mariadb_control.kill)()
    start = monotonic()
    down = together(database.read(value), database.transaction(add_one))
    assert [type(result) for result in down] == [DatabaseUnavailable] * 2
    assert monotonic() - start < HANGS

    mariadb_control.start()
    back = together(*(database.read(value) for _ in range(8)), *(database.transaction(add_one) for _ in range(8)))
    assert [result for result in back if isinstance(result, Exception)] == []


@pytest.mark.asvs("13.1.3")
@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_a_hanging_server_is_given_up(mariadb_control: MariadbControl, database: Database) -> None:
    """With the server hanging, every call ends as unavailable; when it goes on, so do we."""
    together(*(database.read(value) for _ in range(4)))  # some connections are open, others must be made
    mariadb_control.freeze()
    start = monotonic()
    calls: list[Any] = [call for _ in range(8) for call in (database.read(value), database.transaction(add_one))]
    hanging = together(*calls)
    waited = monotonic() - start
    mariadb_control.thaw()

    assert {type(result) for result in hanging} <= {DatabaseUnavailable, OutcomeUnknown}
    assert waited < HANGS
    start = monotonic()
    assert finish(database.read(value)) >= 0
    assert finish(database.transaction(add_one)) is None
    assert monotonic() - start < HANGS


def test_refused_accounts_are_unavailable_without_a_name(
    url: str, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    """A wrong password of ours is an outage for callers, and the log does not repeat it."""
    wrong = make_url(url).set(username="nobody", password="geheimwort")
    database = Database(wrong.render_as_string(hide_password=False), pool_size=1)
    request.addfinalizer(database.close)

    with pytest.raises(DatabaseUnavailable):
        finish(database.read(value))
    assert "geheimwort" not in caplog.text
    assert "database_unavailable" in caplog.text
