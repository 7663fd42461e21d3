"""Examines what password hashes cost on this machine, and whether it has the memory for them."""

import sys
import time

from app.config import Settings
from app.runtime.memory import find_memory_limit
from app.runtime.processors import count_workers, usable_cores
from app.settings.production import least_memory
from CreateDB.command.terminal import count, one_line
from CreateDB.doctor.findings import Finding, Findings, judge

SLOW = 1.0  # seconds that a person notices at each login
ROUNDS = 3
TEN = 10
MIB = 1024 * 1024
TIGHT, TOO_MUCH = 0.5, 0.9  # of the memory, for hashes alone


def examine_argon2_cost(settings: Settings) -> Findings:
    """Compare the cost of a new hash with the least that OWASP recommends."""
    passes, kib = settings.argon2_time_cost, settings.argon2_memory_kib
    least = least_memory(passes)
    cost = f"{kib / 1024:g} MiB, {count(passes, 'pass', 'es')}"
    if kib < least:
        text = f"A password hash costs {cost}: under OWASP's minimum of {least / 1024:g} MiB for that many passes."
        yield Finding("argon2_cost", judge(settings), text, f"Set ARGON2_MEMORY_KIB={least} or more.")
    else:
        yield Finding("argon2_cost", "ok", f"A password hash costs {cost}: no less than OWASP recommends.")


def examine_argon2_time(settings: Settings) -> Findings:
    """Measure a hash with the API's settings on this machine."""
    try:
        seconds, cpu, memory = _measure(settings)
    except ModuleNotFoundError as missing:
        text = f"Password hashes were not timed: {missing.name} is not installed here."
        yield Finding("argon2_time", "warning", text, "Run this where the API is installed.")
    except (ValueError, MemoryError) as error:  # passlib tells of either as a malformed hash
        text = f"No password can be hashed here with {settings.argon2_memory_kib / 1024:g} MiB: {one_line(str(error))}."
        fix = "Lower ARGON2_MEMORY_KIB, or give the machine or container more memory."
        yield Finding("argon2_time", "failure", text, fix)
    else:
        yield _judge_time(settings, seconds, cpu, memory)


def _judge_time(settings: Settings, seconds: float, cpu: float, memory: int) -> Finding:
    more = f", {memory / MIB:.0f} MiB more memory" if _peak_memory() else ""
    # The lanes of one hash run on several cores, which more hashes at once must share.
    rate = min(_hashes_at_once(settings) / seconds, usable_cores() / cpu)
    digits = 0 if rate >= TEN else 1  # no more than a measurement has
    text = f"A password hash takes {seconds * 1000:.0f} ms here{more}: at most about {rate:.{digits}f} logins a second."
    slow = Finding("argon2_time", "warning", text, "Lower ARGON2_TIME_COST or ARGON2_MEMORY_KIB, or take a faster CPU.")
    return slow if seconds > SLOW else Finding("argon2_time", "ok", text)


def examine_argon2_memory(settings: Settings) -> Findings:
    """Compare what hashes need at the busiest moment with what this machine or container has."""
    at_once = _hashes_at_once(settings)
    needed = at_once * settings.argon2_memory_kib * 1024
    limit = find_memory_limit()
    of = "" if limit is None else f"of {limit / MIB:.0f} "
    text = f"Password hashes take {needed / MIB:.0f} {of}MiB at most ({at_once} at the same time)."
    if limit is not None and needed > limit * TIGHT:
        fix = "Lower HASH_THREADS or ARGON2_MEMORY_KIB, or give the machine or container more memory."
        yield Finding("argon2_memory", "failure" if needed > limit * TOO_MUCH else "warning", text, fix)
    else:
        yield Finding("argon2_memory", "ok", text)


def _hashes_at_once(settings: Settings) -> int:
    """Count the hash threads of all workers together."""
    return settings.hash_threads * count_workers()


def _measure(settings: Settings) -> tuple[float, float, int]:
    """Return what the quickest of a few hashes takes: seconds, seconds of processor time, and bytes."""
    from app.auth import PasswordHasher  # noqa: PLC0415 CreateDB's own requirements do without it

    hasher = PasswordHasher(
        time_cost=settings.argon2_time_cost,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
    )
    before, times = _peak_memory(), []
    for _ in range(ROUNDS):
        start, cpu = time.perf_counter(), time.process_time()
        hasher.hash("a password of ordinary length")
        times.append((time.perf_counter() - start, max(time.process_time() - cpu, 1e-6)))
    return *min(times), _peak_memory() - before


def _peak_memory() -> int:
    """Return the most bytes that this process has had; 0 where the system does not tell."""
    try:
        import resource  # noqa: PLC0415 not on Windows
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
