"""A driver for the resume test: `die_after.py URL N` migrates, and dies at once after the N-th change."""

import os
import sys
from pathlib import Path

from sqlalchemy import Connection, Engine, event

sys.path[0] = str(Path(__file__).resolve().parents[2])

from CreateDB.upgrade import upgrade  # noqa: E402 the path comes first

CHANGES = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")


def main(url: str, last: int) -> None:
    """Migrate, dying as a killed process does: nothing is closed, rolled back or flushed."""
    done = 0

    def count(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal done
        done += statement.lstrip().upper().startswith(CHANGES)
        if done == last:
            os._exit(9)

    event.listen(Engine, "after_cursor_execute", count)
    upgrade(url)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
