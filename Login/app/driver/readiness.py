"""What a server says of itself, in words that any account may read, and whether it may be used."""

from collections.abc import Mapping
from contextlib import closing
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from app.driver.session import SYNC

Facts: TypeAlias = Mapping[str, str]
Position: TypeAlias = Mapping[str, tuple[str, int]]  # by domain: which server wrote last, and how many it is

# A node that is cut off from its cluster answers these, and `SELECT 1`, and refuses all else.
VARIABLES = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'read_only', 'server_id', 'gtid_current_pos')"
STATUS = (
    "SHOW GLOBAL STATUS WHERE Variable_name IN "
    "('wsrep_ready', 'wsrep_cluster_status', 'wsrep_local_state', 'Slave_running')"
)
SYNCED, DONOR = "4", "2"


NOWHERE: Position = MappingProxyType({})


class Use(IntEnum):
    """What a server serves for, the best first."""

    ALL = 0
    DONOR = 1  # of a cluster, as long as it hands its data to another node: late, or held up
    READS = 2
    NONE = 3


class Standing(NamedTuple):
    """What a server serves for, why not for all, and how far it is."""

    use: Use
    words: str = ""
    in_cluster: bool = False
    position: Position = NOWHERE


def ask(connection: Any) -> Facts:  # noqa: ANN401 the driver's own type
    """Ask a server for all that `judge` wants to know."""
    facts: dict[str, str] = {}
    with closing(connection.cursor()) as cursor:
        for question in (VARIABLES, STATUS):
            cursor.execute(question)
            facts |= {name.lower(): str(value) for name, value in cursor.fetchall()}
    return facts


def catch_up(connection: Any) -> None:  # noqa: ANN401 likewise
    """Wait until a node of a cluster has all that was committed before; one that cannot in time is silent."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(SYNC)
        cursor.execute("SELECT 1")
        cursor.fetchall()


def judge(facts: Facts, seen: Position) -> Standing:
    """Say what a server serves for; `seen` is how far the database was when this process last saw it."""
    in_cluster = facts.get("wsrep_on") == "ON"
    position = NOWHERE if in_cluster else parse_position(facts.get("gtid_current_pos", ""))
    use, words = _judge_node(facts) if in_cluster else _judge_server(facts, position, seen)
    if use < Use.READS and facts.get("read_only", "OFF") != "OFF":
        use, words = Use.READS, "may only be read"
    return Standing(use, words, in_cluster, position)


def parse_position(text: str) -> Position:
    """Read a GTID position such as `0-1-100,1-2-5`: domain, server, number."""
    parts = [part.strip().split("-") for part in text.split(",") if part.count("-") == 2]  # noqa: PLR2004 as above
    return {domain: (server, int(number)) for domain, server, number in parts}


def _judge_node(facts: Facts) -> tuple[Use, str]:
    if facts.get("wsrep_cluster_status") != "Primary":
        return Use.NONE, "is cut off from its cluster"
    state = facts.get("wsrep_local_state")
    if facts.get("wsrep_ready") != "ON" or state not in {SYNCED, DONOR}:
        return Use.NONE, "is not ready: it has yet to join its cluster"
    return (Use.ALL, "") if state == SYNCED else (Use.DONOR, "hands its data to another node")


def _judge_server(facts: Facts, position: Position, seen: Position) -> tuple[Use, str]:
    if facts.get("slave_running") == "ON":
        return Use.READS, "follows another server"
    if _is_left_behind(facts.get("server_id", ""), position, seen):
        return Use.NONE, "was the primary before, and lacks what was written since"
    return Use.ALL, ""


def _is_left_behind(server: str, position: Position, seen: Position) -> bool:
    """Whether this one wrote last itself, and another server has written more since."""
    return any(
        own[0] == server and seen[domain][0] != server and own[1] < seen[domain][1]
        for domain, own in position.items()
        if domain in seen
    )
