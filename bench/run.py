"""Measure the suite beside its floors: `python bench/run.py [scenario ...] [--accounts N] [--rounds N] [--seconds S]`.

Rounds are interleaved, so that whatever else the machine does falls on all alike. Medians are printed; of a promise
it is the median of the rounds' ratios, whose two sides were measured within seconds of each other.
Needs wrk and MariaDB's server on the PATH, and a machine that is otherwise quiet: read the ratios, not the figures.
"""

import argparse
import sys
from dataclasses import astuple
from pathlib import Path
from statistics import median

for part in (".", "Login", "bench"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / part))

from load import Point
from promises import PROMISES, Points
from scenarios import SCENARIOS, Bench, Loads
from suite import database, say

HEAD = f"{'':24}{'1/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'DB ms':>9}{'failed':>9}{'MiB':>9}"


def main() -> None:
    """Measure what the command line names, or everything."""
    options = parse()
    with database(options.accounts) as (url, control):
        for name in options.scenarios or SCENARIOS:
            say(f"\n{name}: {options.accounts} accounts, {options.rounds} rounds of {options.seconds:g} s\n{HEAD}")
            with Bench(url, control, options.seconds) as bench:
                rounds = measure_all(SCENARIOS[name](bench), options.rounds)
            for load in rounds[0]:
                say(show(load, find_median([points[load] for points in rounds])))
            for promise in PROMISES.get(name, list)():
                say(promise.judge(rounds))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []])
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    return parser.parse_args()


def measure_all(loads: Loads, rounds: int) -> list[Points]:
    """Run every load once a round."""
    return [{name: load() for name, load in loads.items()} for _ in range(rounds)]


def find_median(points: list[Point]) -> Point:
    """Return the median of each figure."""
    return Point(*map(median, zip(*map(astuple, points), strict=True)))


def show(name: str, point: Point) -> str:
    """Write a point as a line."""
    rate, p50, p99, cpu, database_cpu, failures, memory = astuple(point)
    return f"{name:24}{rate:9.1f}{p50:9.2f}{p99:9.2f}{cpu:9.3f}{database_cpu:9.3f}{failures:9.0f}{memory:9.0f}"


if __name__ == "__main__":
    main()
