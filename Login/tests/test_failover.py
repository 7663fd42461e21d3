"""A database of two: the primary is killed under load, its replica promoted, and the API finds it by itself."""

import time
from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import text

from CreateDB.server.engine import make_engine
from CreateDB.tables.upgrade import upgrade
from testing.api import StartApi, register, sign_in
from testing.load import OK, UNAVAILABLE, Load
from testing.mariadb_server import unavailable
from testing.replication import Pair
from testing.required import missing

LONGEST_OUTAGE = 60  # seconds
PASSWORD = "only-for-this-test"


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Give a primary with the suite's tables and an account like the API's, and its replica."""
    if reason := unavailable():
        missing("mariadb", reason)
    servers = Pair()
    with make_engine(servers.primary.url).begin() as connection:
        connection.execute(text("CREATE DATABASE pupero CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"))
        connection.execute(text(f"CREATE USER app IDENTIFIED BY '{PASSWORD}'"))
        connection.execute(text("GRANT SELECT, INSERT, UPDATE, DELETE ON pupero.* TO app"))
    upgrade(f"{servers.primary.url}pupero")
    servers.wait_until_copied("pupero.mails")
    yield servers
    servers.remove()


@pytest.fixture
def migrated_url(pair: Pair) -> str:
    """Name both servers, as an operator does in DATABASE_URL."""
    return pair.url("pupero", "app", PASSWORD)


def test_a_promoted_replica_takes_over(pair: Pair, start_api: StartApi) -> None:
    """While nobody may write, writes wait or answer 503 and nothing worse; then all goes on, and nothing is lost."""
    with httpx2.Client(base_url=start_api(RATE_LIMITS_ENABLED="false").url, timeout=60) as http:
        user = sign_in(http, register(http))
        with Load(user) as load:
            load.wait_for_a_write(LONGEST_OUTAGE)
            pair.primary.kill()
            load.wait_for_a_refusal(LONGEST_OUTAGE)
            pair.promote()
            begin = time.monotonic()
            outage = load.wait_for_a_write(LONGEST_OUTAGE) - begin
            load.wait_for_a_write(LONGEST_OUTAGE)

        assert outage < LONGEST_OUTAGE
        assert set(load.statuses) <= {OK, UNAVAILABLE}, load.statuses
        assert user.get("/user/profile").json()["phrase"] in load.possible
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
