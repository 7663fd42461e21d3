"""Breaks a real cluster of three under people at work, and tells what they saw: `python scripts/check_chaos.py`.

It needs MariaDB, galera-4 and rsync on this machine, and the packages of the tests. `--rounds 10` does all ten times.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "Login")]

from scripts.report import note
from testing.chaos import Fault, list_faults, try_fault
from testing.galera import Cluster, unavailable
from testing.ledger import UNAVAILABLE, Ledger

NOBODY_KNOWS = f"{UNAVAILABLE} outcome_unknown"
HEAD = (
    "| fault | writes paused for | slowest answer | answers | 503 | of them: nobody knows | broken promises |",
    "| --- | --- | --- | --- | --- | --- | --- |",
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
        seen = {fault.name: [_try(cluster, url, fault) for _ in range(rounds)] for fault in list_faults(cluster)}
    finally:
        cluster.remove()
    note(f"\n{rounds} rounds of each; the longest of all rounds, and the sums\n")
    rows = [*HEAD, *(_write_row(name, books) for name, books in seen.items())]
    sys.stdout.write("\n".join(rows) + "\n")
    return int(any(each.faults for books in seen.values() for each in books))


def _try(cluster: Cluster, url: str, fault: Fault) -> Ledger:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        books = try_fault(cluster, url, fault, Path(folder))
    kept = ", ".join(f"{count} {what}" for what, count in books.acknowledged.items())
    note(f"{fault.name}: {books.longest_pause:.1f} s; acknowledged {kept}")
    for broken in dict.fromkeys(books.faults):
        note(f"BROKEN: {broken}")
    return books


def _write_row(name: str, rounds: list[Ledger]) -> str:
    answers = sum((each.answers for each in rounds), Counter[str]())
    refused = sum(count for answer, count in answers.items() if answer.startswith(str(UNAVAILABLE)))
    pause = max(each.longest_pause for each in rounds)
    slowest = max(each.slowest for each in rounds)
    broken = sum(len(each.faults) for each in rounds)
    figures = (f"{pause:.1f} s", f"{slowest:.1f} s", answers.total(), refused, answers[NOBODY_KNOWS], broken)
    return f"| {name} | " + " | ".join(map(str, figures)) + " |"


if __name__ == "__main__":
    sys.exit(main())
