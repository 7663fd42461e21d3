"""A driver for the resume test: `die_after.py URL` migrates again and again, and dies at each change once.

Each run goes on from what the one before it left, and dies after the first change that none before it has made. Runs
are forks of one process, because importing everything anew would take longer than all the migrations.
"""

import os
import sys
from pathlib import Path

from sqlalchemy import Connection, Engine, event

sys.path[0] = str(Path(__file__).resolve().parents[2])

from CreateDB.tables.upgrade import upgrade  # noqa: E402 the path comes first

CHANGES = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")
DIED = 9


def main(url: str) -> None:
    """Print each change after which a run died; end when a run has found nothing new to die after."""
    survived: set[str] = set()
    while last := run(url, survived):
        survived.add(last)
        print(last.split("(", 1)[0].strip(), flush=True)  # noqa: T201 the test reads it


def run(url: str, survived: set[str]) -> str:
    """Migrate in a process of its own, and return the change that it died after, if it did."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        migrate(url, survived, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        last = told.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != (DIED if last else 0):
        raise SystemExit(f"status {status} after {last or 'the end'}")
    return last


def migrate(url: str, survived: set[str], telling: int) -> None:
    """Migrate, dying as a killed process does: nothing is closed, rolled back or flushed."""

    def die(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(CHANGES) and statement not in survived:
            os.write(telling, statement.encode())
            os._exit(DIED)

    event.listen(Engine, "after_cursor_execute", die)
    try:
        upgrade(url)
    finally:
        os._exit(1 if sys.exc_info()[0] else 0)


if __name__ == "__main__":
    main(sys.argv[1])
