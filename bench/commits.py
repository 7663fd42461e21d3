"""Measure how many transactions a second a MariaDB commits to this disk: `python bench/commits.py [--folder DIR]`.

Each is one row that is changed, and is on the disk before its COMMIT is answered (innodb_flush_log_at_trx_commit=1):
this bounds what a whole suite can write, however many APIs it has. Needs MariaDB's server on the PATH.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

for part in (".", "Login", "bench"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / part))

from sqlalchemy import Engine, text
from suite import say

from CreateDB.server.engine import make_engine
from testing.mariadb_server import MariadbControl

SECONDS = 5.0
WRITERS = (1, 8, 32)
SURE = ("--innodb-flush-log-at-trx-commit=1",)
LOGGED = (*SURE, "--log-bin", "--sync-binlog=1")  # as replication wants it


def main() -> None:
    """Measure with and without a binary log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="on the disk in question")
    os.environ["TMPDIR"] = tempfile.tempdir = parser.parse_args().folder
    for kind, flags in (("", SURE), (", binary log", LOGGED)):
        control = MariadbControl(flags=flags, on_disk=True)
        try:
            control.start()
            for number in WRITERS:
                say(f"{number:>3} writers{kind}: {measure(control.url, number):,.0f} commits a second")
        finally:
            control.remove()


def measure(url: str, number: int) -> float:
    """Let so many write for a while, each to a row of its own, and return the commits a second."""
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE IF NOT EXISTS bench")
        connection.exec_driver_sql(
            "CREATE OR REPLACE TABLE bench.counts (id INT PRIMARY KEY, number INT) ENGINE=InnoDB"
        )
        connection.execute(text("INSERT INTO bench.counts VALUES (:id, 0)"), [{"id": id_} for id_ in range(number)])
    over = Event()
    threads = [Thread(target=write, args=(url, id_, over)) for id_ in range(number)]
    for thread in threads:
        thread.start()
    before, begin = count(engine), time.monotonic()
    time.sleep(SECONDS)
    rate = (count(engine) - before) / (time.monotonic() - begin)
    over.set()
    for thread in threads:
        thread.join()
    return rate


def write(url: str, id_: int, over: Event) -> None:
    """Change one row again and again."""
    engine = make_engine(url)
    with engine.connect() as connection:
        while not over.is_set():
            with connection.begin():
                connection.execute(text("UPDATE bench.counts SET number = number + 1 WHERE id = :id"), {"id": id_})
    engine.dispose()


def count(engine: Engine) -> int:
    """Return how often rows have been changed."""
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT SUM(number) FROM bench.counts").scalar_one())


if __name__ == "__main__":
    main()
