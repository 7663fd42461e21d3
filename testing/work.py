"""What a request costs the server, as somebody with a clock could find out from far away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine, event

WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass
class Work:
    """Statements and commits in order, and the seconds that processors spent in this process.

    Processor time is what hashes cost, and hardly grows when others crowd the machine; what waits for a disk is a
    commit.
    """

    statements: list[str] = field(default_factory=list)
    commits: int = 0
    seconds: float = 0.0

    @property
    def writes(self) -> list[str]:
        """What was written, in order."""
        return [statement for statement in self.statements if statement.startswith(WRITES)]


@contextmanager
def watching() -> Iterator[Work]:
    """Watch what is done meanwhile by all engines of this process."""
    work = Work()

    def note_statement(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        work.statements.append(" ".join(statement.split()[:3]))

    def note_commit(_connection: object) -> None:
        work.commits += 1

    listeners = (("before_cursor_execute", note_statement), ("commit", note_commit))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    begin = time.process_time()
    try:
        yield work
    finally:
        work.seconds = time.process_time() - begin
        for name, listener in listeners:
            event.remove(Engine, name, listener)
