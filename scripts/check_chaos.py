"""Breaks a real cluster of three under people at work, and tells what they saw: `python scripts/check_chaos.py`.

It needs MariaDB, galera-4 and rsync on this machine, and the packages of the tests. `--rounds 10` does all ten times.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "Login")]

from scripts.report import note
from testing.chaos import try_fault
from testing.faults import FAULTS
from testing.galera import Cluster, unavailable
from testing.ledger import UNAVAILABLE, Ledger

LONGEST = 5.0  # seconds after the nodes that are left take writes again: each of the two may be looked at for two
NOBODY_KNOWS = f"{UNAVAILABLE} outcome_unknown"
HEAD = (
    "| fault | served after | nodes by themselves | writes paused | slowest | answers | 503 | nobody knows | broken |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)


def main() -> int:
    """Try every fault so many times, print a table, and fail when a promise was broken."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=3)
    rounds = arguments.parse_args().rounds
    if reason := unavailable():
        sys.exit(reason)
    cluster = Cluster()
    try:
        url = cluster.prepare()
        seen = {name: _try(cluster, url, name, rounds) for name in FAULTS}
    finally:
        cluster.remove()
    note(f"\n{rounds} rounds of each; the longest of all rounds, and the sums\n")
    sys.stdout.write("\n".join([*HEAD, *(_write_row(name, books) for name, books in seen.items())]) + "\n")
    return int(any(books.faults for books in seen.values()))


def _try(cluster: Cluster, url: str, name: str, rounds: int) -> Ledger:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        books = try_fault(cluster, url, FAULTS[name], Path(folder), rounds)
    kept = ", ".join(f"{count} {what}" for what, count in books.acknowledged.items())
    for people, nodes in books.outages:
        note(f"{name}: served again after {people:.1f} s, the nodes by themselves {nodes:.1f} s")
        if people > nodes + LONGEST:
            books.accuse(f"served again {people - nodes:.1f} s after the nodes")
    note(f"acknowledged {kept}")
    for broken in dict.fromkeys(books.faults):
        note(f"BROKEN: {broken}")
    return books


def _write_row(name: str, books: Ledger) -> str:
    people, nodes = (max(each) for each in zip(*books.outages, strict=True))
    seconds = [f"{each:.1f} s" for each in (people, nodes, books.longest_pause, books.slowest)]
    figures = (books.answers.total(), books.refused, books.answers[NOBODY_KNOWS], len(books.faults))
    return f"| {name} | " + " | ".join(map(str, (*seconds, *figures))) + " |"


if __name__ == "__main__":
    sys.exit(main())
