"""Measures what huge pages bring to password hashes here: each hash fills its memory anew."""

import os
import subprocess
import sys
from collections.abc import Mapping

from app.config import Settings
from app.runtime.huge_pages import TUNABLE, are_asked_for, are_for_who_asks
from CreateDB.doctor.findings import Finding, Findings

WORTH_IT = 0.95  # of the time: less gain than that is none
ROUNDS = 2
# The tunable is read when a process starts.
MEASURE = """
import sys, time
from argon2.low_level import Type, hash_secret_raw
passes, kib, lanes = map(int, sys.argv[1:])
times = []
for _ in range(4):
    start = time.perf_counter()
    hash_secret_raw(b"a password", b"salt" * 4, passes, kib, lanes, 32, Type.ID)
    times.append(time.perf_counter() - start)
print(min(times))
"""


def examine_huge_pages(settings: Settings) -> Findings:
    """Compare a hash with huge pages and without; nothing to tell where Linux grants none to who asks."""
    if not are_for_who_asks():
        return
    try:
        with_, without = _measure_both(settings)
    except (subprocess.CalledProcessError, ValueError):  # no Argon2 here, or no memory: argon2_time says so
        return
    here = "which are asked for here" if are_asked_for() else "which are not asked for here"
    text = f"A password hash takes {with_ * 1000:.0f} ms with huge pages, {here}, and {without * 1000:.0f} ms without."
    fix = f"Start the API with GLIBC_TUNABLES={TUNABLE}, as dev.py and the images do."
    is_lost = with_ < without * WORTH_IT and not are_asked_for()
    yield Finding("huge_pages", "ok", text, fix if is_lost else None)


def _measure_both(settings: Settings) -> tuple[float, float]:
    """Return the seconds of the quickest hash with huge pages and without, measured in turns."""
    asking, others = {"GLIBC_TUNABLES": TUNABLE}, {"GLIBC_TUNABLES": ""}
    rounds = [(_measure(settings, asking), _measure(settings, others)) for _ in range(ROUNDS)]
    return min(first for first, _ in rounds), min(second for _, second in rounds)


def _measure(settings: Settings, told: Mapping[str, str]) -> float:
    cost = (settings.argon2_time_cost, settings.argon2_memory_kib, settings.argon2_parallelism)
    command = [sys.executable, "-c", MEASURE, *map(str, cost)]
    done = subprocess.run(command, env=os.environ | dict(told), capture_output=True, text=True, check=True)  # noqa: S603 our own words and numbers
    return float(done.stdout)
