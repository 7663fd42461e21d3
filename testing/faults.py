"""What happens to the nodes of a cluster, and how long nobody is served then: neither people nor the nodes' own."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from operator import attrgetter
from typing import NamedTuple

from testing.galera import Cluster, Node
from testing.ledger import Ledger
from testing.people import PROFILE, REFRESH, UPDATE


class Fault(NamedTuple):
    """Which nodes break, how, and how they are mended."""

    choose: Callable[[Cluster], Sequence[Node]]
    break_it: Callable[[Node], object]
    mend_it: Callable[[Node], object]


def _use(cluster: Cluster) -> list[Node]:
    return cluster.find_used()[:1]


def _spare(cluster: Cluster) -> list[Node]:
    used = cluster.find_used()
    return [node for node in cluster.nodes if node not in used][:1]


FAULTS = {
    "the node in use is killed": Fault(_use, Node.kill, Node.start),
    "the node in use hangs": Fault(_use, Node.freeze, Node.thaw),
    "the node in use is cut off": Fault(_use, Node.isolate, Node.heal),
    "another node is killed": Fault(_spare, Node.kill, Node.start),
    "another node hangs": Fault(_spare, Node.freeze, Node.thaw),
    "all are restarted, one by one": Fault(attrgetter("nodes"), Node.restart, Node.start),
}


class Outage:
    """One time that a fault happens."""

    def __init__(self, cluster: Cluster, fault: Fault) -> None:
        """Take what happens to whom."""
        self._cluster, self._fault = cluster, fault
        self._broken: Sequence[Node] = ()
        self._asked: list[Future[float]] = []
        self._moment = 0.0

    def begin(self) -> None:
        """Break the nodes, and write to the others at the same time as people do."""
        self._broken = self._fault.choose(self._cluster)
        for node in self._broken:
            self._fault.break_it(node)
        self._moment = time.monotonic()
        threads = ThreadPoolExecutor()
        self._asked = [threads.submit(self._write, node) for node in self._cluster.nodes if node not in self._broken]
        threads.shutdown(wait=False)

    def end(self) -> None:
        """Mend them, and wait until every node sees all."""
        for node in self._broken:
            self._fault.mend_it(node)
        self._cluster.wait_until_whole()

    def measure(self, ledger: Ledger) -> tuple[float, float]:
        """Give the seconds until people were served again, and until the first of the other nodes took a write."""
        people = ledger.say_served(self._moment, (PROFILE, UPDATE, REFRESH))
        return people, min((each.result() for each in self._asked), default=0.0)

    def _write(self, node: Node) -> float:
        node.write()
        return time.monotonic() - self._moment
