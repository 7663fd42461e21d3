"""A real Galera cluster: one node is used by a whole process, and left when it is killed, hangs or is cut off."""

import time
from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Connection

from app.database import Database
from CreateDB.server.engine import make_engine
from testing.api import StartApi, register, sign_in
from testing.galera import Cluster
from testing.ledger import OK, UNAVAILABLE, Ledger
from testing.loops import finish
from testing.people import Reader, Refresher, Writer
from testing.smtp import wait_until
from testing.town import Town

LONGEST_OUTAGE = 60  # seconds
ENOUGH = 10  # writes and refreshes, by which all is well again


@pytest.fixture
def migrated_url(cluster_url: str) -> str:
    """Let the API be started on all three."""
    return cluster_url


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """Give a Database on them."""
    database = Database(migrated_url, pool_size=2)
    yield database
    database.close()


def where(connection: Connection) -> tuple[str, int]:
    """Ask which node this is, and whether it takes over first what others have committed."""
    name, waits = connection.exec_driver_sql("SELECT @@wsrep_node_name, @@wsrep_sync_wait").one()
    return name, waits


def test_the_node_in_use_is_left_when_it_hangs(cluster: Cluster, start_api: StartApi) -> None:
    """Under load there is 200 or 503 and nothing else, what was acknowledged stays, and nobody is signed out.

    The whole process moves to one other node, and stays there when the first is back.
    """
    with httpx2.Client(base_url=start_api(RATE_LIMITS_ENABLED="false").url, timeout=60) as http:
        user, line = (sign_in(http, register(http, f"{who}{time.monotonic_ns()}")) for who in ("user", "line"))
        (node,) = cluster.find_used()
        books = Ledger()
        habits = [Reader(books, [http], user), Writer(books, [http], user), Refresher(books, [http, http], line)]
        with Town(habits):
            node.freeze()
            books.wait_for_writes(ENOUGH, LONGEST_OUTAGE)
            node.thaw()
            cluster.wait_until_whole()
            books.wait_for_writes(ENOUGH, LONGEST_OUTAGE)
            wait_until(lambda: len(cluster.find_used()) == 1)
            (used,) = cluster.find_used()
        for habit in habits:
            habit.audit()

        assert books.faults == []
        assert books.statuses <= {OK, UNAVAILABLE}
        assert used is not node


def test_a_node_that_is_cut_off_is_not_begun_with(cluster: Cluster, database: Database, migrated_url: str) -> None:
    """It answers `SELECT 1` all the same; readers and writers go to the next one, which takes over all that is new."""
    first = cluster.nodes[0]
    first.isolate()
    first.wait_until(lambda: first.status("wsrep_ready") == "OFF")
    try:
        places = [finish(database.read(where)), finish(database.transaction(where))]
        with make_engine(migrated_url).connect() as connection:
            places.append(where(connection))
    finally:
        first.heal()
        cluster.wait_until_whole()

    assert places == [("n2", 1)] * 3
    assert finish(database.read(where)) == ("n2", 1)


def test_work_that_is_under_way_is_not_committed_on_a_node_that_was_left(cluster: Cluster, database: Database) -> None:
    """The process moves while a transaction is open: it is undone, and run again where everybody is now."""
    tries: list[str] = []
    first = cluster.nodes[0]

    def work(connection: Connection) -> str:
        tries.append(where(connection)[0])
        if len(tries) == 1:
            first.run("SET GLOBAL read_only = ON")
            wait_until(lambda: finish(database.read(where))[0] != "n1")
        return tries[-1]

    try:
        done = finish(database.transaction(work))
    finally:
        first.run("SET GLOBAL read_only = OFF")

    assert (tries[0], len(tries)) == ("n1", 2)
    assert done == tries[1] != "n1"
