"""A database of two: the primary is killed under load, its replica promoted, and the API finds it by itself."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Connection

from app.database import Database
from app.errors import DatabaseUnavailable
from CreateDB.server.engine import make_engine
from testing.api import StartApi, register, sign_in
from testing.audit import Rows, read_rows
from testing.chaos import Scene
from testing.ledger import OK, UNAVAILABLE, Ledger
from testing.loops import finish
from testing.mariadb_server import unavailable
from testing.people import Reader, Writer
from testing.replication import Pair
from testing.required import missing
from testing.smtp import wait_until
from testing.town import Town

LONGEST_OUTAGE = 60  # seconds
PRIMARY, REPLICA = 1, 2  # by the ids that they are started with


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    """Make a primary and its replica."""
    if reason := unavailable():
        missing("mariadb", reason)
    servers = Pair()
    servers.keep()
    yield servers
    servers.remove()


@pytest.fixture
def pair(servers: Pair) -> Pair:
    """Give both as they were made, whatever the test before has made of them."""
    servers.rewind()
    return servers


@pytest.fixture
def migrated_url(pair: Pair) -> str:
    """Let the API be started on both."""
    return pair.url


def test_a_promoted_replica_takes_over(pair: Pair, start_api: StartApi) -> None:
    """While nobody may write, writes wait or answer 503 and nothing worse; then all goes on, and nothing is lost."""
    with httpx2.Client(base_url=start_api(RATE_LIMITS_ENABLED="false").url, timeout=60) as http:
        user, books = sign_in(http, register(http)), Ledger()
        habits = [Reader(books, [http], user), Writer(books, [http], user)]
        with Town(habits):
            books.wait_for_writes(1, LONGEST_OUTAGE)
            pair.primary.kill()
            books.wait_for_a_refusal(LONGEST_OUTAGE)
            pair.promote()
            books.wait_for_writes(2, LONGEST_OUTAGE)
        for habit in habits:
            habit.audit()

        assert books.faults == []
        assert books.statuses <= {OK, UNAVAILABLE}
        assert sign_in(http, user.person).refresh().status_code == OK


def test_a_write_to_a_server_that_only_reads_looks_for_another(pair: Pair, start_api: StartApi) -> None:
    """A planned switch: the pooled connections lead to a server that has just become a replica."""
    with httpx2.Client(base_url=start_api(RATE_LIMITS_ENABLED="false").url, timeout=60) as http:
        user = sign_in(http, register(http))
        pair.demote()
        refused = user.call("PUT", "/user/update", {"phrase": "while nobody may write"})
        pair.primary.kill()
        pair.promote()
        served = user.call("PUT", "/user/update", {"phrase": "after the switch"})

    assert refused.status_code == UNAVAILABLE
    assert served.status_code == OK, served.text


def who(connection: Connection) -> int:
    """Ask which server this is."""
    return int(connection.exec_driver_sql("SELECT @@server_id").scalar_one())


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """Give a Database on both."""
    database = Database(migrated_url, pool_size=2)
    yield database
    database.close()


def test_a_server_that_may_only_be_read_is_the_last_choice(pair: Pair, database: Database) -> None:
    """Reads go to it while no other answers; once one does that may be written to, everything goes there."""
    pair.demote()
    pair.promote()
    places = [finish(database.read(who)), finish(database.transaction(who))]
    pair.replica.kill()
    wait_until(lambda: reads(database) == PRIMARY)
    pair.replica.start()  # as it was set up: it may only be read
    pair.primary.restart()  # likewise: it may be written to

    assert places == [REPLICA, REPLICA]
    wait_until(lambda: reads(database) == PRIMARY)
    assert finish(database.transaction(who)) == PRIMARY


def test_a_former_primary_that_comes_back_is_not_written_to(
    pair: Pair, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """It says that it may be, and lacks what the promoted one has taken since: no answer is better than two truths."""
    assert finish(database.transaction(who)) == PRIMARY
    pair.primary.kill()
    pair.promote()
    wait_until(lambda: reads(database) == REPLICA)
    with make_engine(pair.replica.url).connect() as promoted:
        promoted.exec_driver_sql("CREATE DATABASE written_meanwhile")
    wait_until(lambda: knows(database, "2"))
    pair.primary.start()
    stays = finish(database.transaction(who))
    pair.replica.kill()
    wait_until(lambda: reads(database) == 0)

    assert stays == REPLICA
    assert "was the primary before" in str([vars(record).get("event") for record in caplog.records])
    pair.replica.start()
    wait_until(lambda: reads(database) == REPLICA)


def knows(database: Database, server: str) -> bool:
    """Whether the process has seen that a server has written last."""
    choice = database._watch._hosts.choice  # noqa: SLF001 nobody else has to know
    return choice is not None and choice.standing.position["0"][0] == server


def reads(database: Database) -> int:
    """Say which server is read from, 0 while none."""
    with suppress(DatabaseUnavailable):
        return finish(database.read(who))
    return 0


def test_who_was_promoted_keeps_the_writes(pair: Pair, migrated_url: str, tmp_path: Path) -> None:
    """The old primary comes back, first in the URL and open to writes: nobody goes back, not over new connections."""
    old = f"{pair.primary.url}pupero"
    left: list[Rows] = []

    def promote() -> None:
        pair.primary.kill()
        pair.promote()

    def come_back() -> None:
        pair.primary.start()
        left.append(read_rows(old))
        pair.hang_up()

    with Scene(migrated_url, tmp_path) as scene:
        scene.watch(promote, come_back, f"{pair.replica.url}pupero")

    assert scene.ledger.faults == []
    assert read_rows(old) == left[0]
