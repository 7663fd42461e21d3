"""A real cluster whose nodes die, hang, are cut off and restarted while people work: every promise is kept."""

from pathlib import Path

import pytest

from CreateDB.server.engine import make_engine
from testing.chaos import Scene, try_fault
from testing.faults import FAULTS
from testing.galera import Cluster

# The two in reserve that the command breaks besides cost the others the same.
NAMES = (
    "the node in use is killed",
    "the node in use hangs",
    "the node in use is cut off",
    "all are restarted, one by one",
)


@pytest.mark.slow
@pytest.mark.asvs("16.5.2")
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_breaks_no_promise(cluster: Cluster, cluster_url: str, tmp_path: Path, name: str) -> None:
    """Nothing acknowledged is lost, nothing good once is taken twice, nobody is signed out, and no answer is a lie."""
    books = try_fault(cluster, cluster_url, FAULTS[name], tmp_path)

    assert books.faults == []
    assert books.acknowledged.keys() >= {"phrases", "refreshes", "sign-ins", "sign-outs", "recovery codes", "links"}


def test_the_books_notice_what_is_broken(sqlite_copy: str, tmp_path: Path) -> None:
    """A database that forgets is accused: ended sessions that live again, and people who are gone."""

    def forget() -> None:
        with make_engine(sqlite_copy).begin() as connection:
            connection.exec_driver_sql("UPDATE sessions SET ended_at = NULL, end_reason = NULL")
            connection.exec_driver_sql("DELETE FROM users WHERE email = 'newcomer1@example.com'")

    with Scene(sqlite_copy, tmp_path) as scene:
        scene.watch(lambda: None, forget, sqlite_copy)

    assert "an ended session was honoured" in scene.ledger.faults
    assert any(each.startswith("newcomer1@example.com is lost") for each in scene.ledger.faults)
