"""Measures what `--sweep` takes of so many old sessions, and what others wait for meanwhile, on a MariaDB of its own.

    python scripts/measure_sweep.py 2000000 [ANOTHER_CHECKOUT ...]

Each checkout sweeps the same data, alone and beside others who read and refresh, one after the other in turns. The
server keeps what it promises as an operator's does: each commit is on the disk before it is answered.
"""

import os
import resource
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "Login")]

from sqlalchemy import Connection

from CreateDB.server.engine import make_engine
from CreateDB.tables.upgrade import upgrade
from scripts.growth_rows import fill
from scripts.measure_growth import QUERIES, say
from testing.mariadb_server import MariadbControl

PEOPLE = 100_000
SERVER = (
    "--innodb-buffer-pool-size=2G",
    "--innodb-log-file-size=1G",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-fast-shutdown=0",
)
CALLS = {"read": "authenticate a call", "refresh": "refresh"}
PACE = 0.01  # seconds between two calls of somebody
CALM = 10.0  # seconds that the same calls are measured for without a sweep
TICKS = os.sysconf("SC_CLK_TCK")
HEAD = (
    "| checkout | beside | rows | wall | server CPU | until purged | own CPU | read p50, p99, longest (ms) | refresh |"
    " lock waits, longest |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)

Latencies = dict[str, list[float]]


class Cost(NamedTuple):
    """What a sweep has taken: seconds of the clock, of the server, with its clearing away after it, and our own."""

    wall: float
    server: float
    purged: float
    own: float


def count_cpu(pid: int) -> float:
    """Return how many seconds of a processor a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def status(connection: Connection, name: str) -> int:
    """Return one of the server's counters."""
    return int(connection.exec_driver_sql(f"SHOW GLOBAL STATUS LIKE '{name}'").one()[1])


def call_until(stop: threading.Event, url: str, call: Callable[[Connection, int], object], took: list[float]) -> None:
    """Call for one account after the other, commit, and note how long each took."""
    with make_engine(url).connect() as connection:
        while not stop.wait(PACE):
            began = time.perf_counter()
            call(connection, secrets.randbelow(PEOPLE - 10) + 2)
            connection.commit()
            took.append(time.perf_counter() - began)


@contextmanager
def others(url: str) -> Iterator[Latencies]:
    """Let somebody read and somebody refresh meanwhile; give how long each call takes them."""
    stop, latencies = threading.Event(), {name: list[float]() for name in CALLS}
    threads = [
        threading.Thread(target=call_until, args=(stop, url, QUERIES[what], latencies[name]))
        for name, what in CALLS.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield latencies
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def sweep(control: MariadbControl, connection: Connection, checkout: Path) -> Cost:
    """Run a checkout's sweep to its end, and wait until the server has cleared away what it removed."""
    own, cpu, began = resource.getrusage(resource.RUSAGE_CHILDREN), count_cpu(control.pid), time.perf_counter()
    command = [sys.executable, str(checkout / "CreateDB/main.py"), "--url", f"{control.url}pupero", "--sweep"]
    environment = {**os.environ, "JWT_SECRET_KEY": secrets.token_hex(32)}
    subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL, check=True)
    wall, server = time.perf_counter() - began, count_cpu(control.pid) - cpu
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    while status(connection, "Innodb_history_list_length") > PEOPLE // 1000:
        time.sleep(0.1)
    purged = count_cpu(control.pid) - cpu
    return Cost(wall, server, purged, after.ru_utime + after.ru_stime - own.ru_utime - own.ru_stime)


def describe(took: list[float]) -> str:
    """Write a call's median, its p99 and the longest, in milliseconds."""
    ordered = sorted(took) or [float("nan")]
    return ", ".join(f"{1000 * ordered[int(len(ordered) * part)]:.1f}" for part in (0.5, 0.99, 0.999999))


def measure(control: MariadbControl, kept: Path, checkout: Path, *, beside: bool) -> str:
    """Put the same data there anew, sweep it, and return a line of the table."""
    control.stop()
    shutil.rmtree(control.folder / "data")
    shutil.copytree(kept, control.folder / "data")
    control.start()
    with make_engine(control.url).execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        warm(connection)
        rows, waits = count_sessions(connection), status(connection, "Innodb_row_lock_waits")
        with others(f"{control.url}pupero") if beside else nullcontext(Latencies()) as latencies:
            cost = sweep(control, connection, checkout)
        rows -= count_sessions(connection)
        waits = status(connection, "Innodb_row_lock_waits") - waits
        longest = status(connection, "Innodb_row_lock_time_max")
    calls = [describe(latencies[name]) if beside else "" for name in CALLS]
    cells = [checkout.name, "others" if beside else "nobody", f"{rows:,}", *(f"{seconds:.1f} s" for seconds in cost)]
    return f"| {' | '.join([*cells, *calls, f'{waits}, {longest} ms'])} |"


def warm(connection: Connection) -> None:
    """Read each index of the sessions, as a server that has run for a day has them in memory."""
    names = connection.exec_driver_sql("SHOW INDEX FROM pupero.sessions").mappings().all()
    for name in {row["Key_name"] for row in names}:
        connection.exec_driver_sql(f"SELECT COUNT(*), SUM(id) FROM pupero.sessions FORCE INDEX ({name})").all()  # noqa: S608 the server's own names


def count_sessions(connection: Connection) -> int:
    """Count the sessions there are."""
    return int(connection.exec_driver_sql("SELECT COUNT(*) FROM pupero.sessions").scalar_one())


def prepare(control: MariadbControl, expired: int) -> Path:
    """Fill the tables, and keep a copy of the server's files."""
    control.start()
    with make_engine(control.url).begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE pupero CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
    upgrade(f"{control.url}pupero")
    with make_engine(f"{control.url}pupero").connect() as connection:
        fill(connection, PEOPLE, expired, PEOPLE)
    control.stop()
    kept = Path(shutil.copytree(control.folder / "data", control.folder / "kept"))
    control.start()
    with others(f"{control.url}pupero") as latencies:
        time.sleep(CALM)
    say(f"without a sweep: {', '.join(f'{name} {describe(took)} ms' for name, took in latencies.items())}\n\n{HEAD}")
    return kept


def main() -> None:
    """Measure this checkout and those that are named, in turns."""
    expired, *checkouts = int(sys.argv[1]), *(Path(name).resolve() for name in sys.argv[2:])
    control = MariadbControl(on_disk=True, flags=SERVER)
    try:
        kept = prepare(control, expired)
        for beside in (False, True):
            for checkout in (*checkouts, ROOT):
                say(measure(control, kept, checkout, beside=beside))
    finally:
        control.remove()


if __name__ == "__main__":
    main()
