"""A load from outside, by wrk, and what it cost the processes that answered."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Point:
    """One measurement: requests a second, latencies in ms, CPU in ms a request, failures, the most memory in MiB."""

    rate: float
    p50: float
    p99: float
    cpu: float
    database_cpu: float
    failures: int
    memory: float


def measure(  # noqa: PLR0913 what a load is made of
    url: str,
    connections: int,
    seconds: float,
    servers: Sequence[int],
    database: int,
    *,
    headers: Iterable[str] = (),
    script: Path | None = None,
    tokens: Path | None = None,
) -> Point:
    """Load an address for some seconds and read what came of it."""
    options = [part for header in headers for part in ("-H", header)] + (["-s", str(script)] if script else [])
    before, database_before = cpu_of(servers), cpu_of([database])
    with Peak(servers) as peak:
        text = run_wrk(url, connections, seconds, options, tokens)
    count = int(found(r"(\d+) requests in", text))
    failures = sum(
        int(number) for number in re.findall(r"(?:Non-2xx or 3xx responses|connect|timeout|read|write):? (\d+)", text)
    )
    return Point(
        rate=float(found(r"Requests/sec:\s+([\d.]+)", text)),
        p50=milliseconds(found(r"(?m)^ +50%\s+(\S+)", text)),
        p99=milliseconds(found(r"(?m)^ +99%\s+(\S+)", text)),
        cpu=(cpu_of(servers) - before) * 1000 / max(count, 1),
        database_cpu=(cpu_of([database]) - database_before) * 1000 / max(count, 1),
        failures=failures,
        memory=peak.mebibytes,
    )


def run_wrk(url: str, connections: int, seconds: float, options: list[str], tokens: Path | None) -> str:
    """Run wrk and return what it says; a script reads its tokens from a file."""
    command = ["wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s", *options, url]
    environment = os.environ | ({"PUPERO_BENCH_TOKENS": str(tokens)} if tokens else {})
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603 ours


def found(pattern: str, text: str) -> str:
    """Return what a pattern captures, or fail with the text that lacks it."""
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"{pattern} is not in:\n{text}")
    return match[1]


def milliseconds(text: str) -> float:
    """Read wrk's durations."""
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]  # wrk's own form
    return float(number) * UNITS[unit]


def tree(pid: int) -> list[int]:
    """List a process and its descendants."""
    return [pid, *(process for child in children_of(pid) for process in tree(child))]


def children_of(pid: int) -> list[int]:
    """List the children of all threads of a process; threads of Argon2 come and go meanwhile."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            children += map(int, task.read_text().split())
    return children


def cpu_of(pids: Iterable[int]) -> float:
    """Sum the seconds of CPU that processes and their descendants have used."""
    total = 0
    for pid in (process for root in pids for process in tree(root)):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_of(pids: Iterable[int]) -> float:
    """Sum the resident memory of processes and their descendants, in MiB."""
    total = 0
    for pid in (process for root in pids for process in tree(root)):
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KIB
        except OSError:
            continue
    return total / 1024


class Peak:
    """The most resident memory while a load lasts, looked at every 20 ms."""

    def __init__(self, pids: Sequence[int]) -> None:
        """Take the processes to watch."""
        self.mebibytes = 0.0
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            self.mebibytes = max(self.mebibytes, memory_of(self._pids))
            time.sleep(0.02)
