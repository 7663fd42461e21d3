"""Load from many people at once, every answer counted."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from testing.crowd import Crowd

Call = Callable[[], int]


class Load(Crowd):
    """Repeats calls in threads while its block runs; each call returns an HTTP status, 0 for a broken connection."""

    def __init__(self, calls: dict[str, tuple[Call, float]]) -> None:
        """Take each call by name, with the seconds that pass between two of it."""
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.slowest = 0.0
        super().__init__(partial(self._repeat, name, *call) for name, call in calls.items())

    @property
    def total(self) -> int:
        """How many calls were made."""
        return self.statuses.total()

    def failures(self) -> dict[tuple[str, int], int]:
        """Return what did not succeed, by call and status."""
        return {key: count for key, count in self.statuses.items() if key[1] != 200}  # noqa: PLR2004 OK

    def _repeat(self, name: str, call: Call, pause: float) -> None:
        while not self.end.is_set():
            begin = time.monotonic()
            self.statuses[name, call()] += 1
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self.end.wait(pause)
