"""When a request came: whatever it waits for, one clock says for how much longer that makes sense."""

import time
from contextvars import ContextVar


class Arrival:
    """The moment in which a request came, until its answer begins: a long answer takes the time that it takes."""

    def __init__(self) -> None:
        """Note the present moment, for this task and for the threads that work for it."""
        self.at: float | None = time.monotonic()
        _arrival.set(self)

    def be_answered(self) -> None:
        """Let the clock go."""
        self.at = None


_arrival: ContextVar[Arrival | None] = ContextVar("arrival", default=None)


def time_left(longest: float) -> float:
    """Return how many of so many seconds are left since the request came; all of them where there is none."""
    arrival = _arrival.get()
    return longest if arrival is None or arrival.at is None else arrival.at + longest - time.monotonic()
