"""A real cluster whose nodes die, hang, are cut off and restarted while people work: every promise is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.chaos import list_faults, prepare, try_fault
from testing.galera import Cluster, unavailable
from testing.required import missing

NAMES = (
    "the first node is killed",
    "the first node hangs",
    "the first node is cut off",
    "another node is killed",
    "another node hangs",
    "all are restarted, one by one",
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Give three nodes."""
    if reason := unavailable():
        missing("galera", reason)
    nodes = Cluster()
    yield nodes
    nodes.remove()


@pytest.fixture(scope="module")
def cluster_url(cluster: Cluster) -> str:
    """Give the URL by which the API finds them, with the suite's tables."""
    return prepare(cluster)


@pytest.mark.asvs("16.5.2")
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_breaks_no_promise(cluster: Cluster, cluster_url: str, tmp_path: Path, name: str) -> None:
    """Nothing acknowledged is lost, nothing good once is taken twice, nobody is signed out, and no answer is a lie."""
    [fault] = [each for each in list_faults(cluster) if each.name == name]
    books = try_fault(cluster, cluster_url, fault, tmp_path)

    assert books.faults == []
    assert books.acknowledged.keys() >= {"phrases", "refreshes", "sign-ins", "sign-outs", "recovery codes", "links"}
