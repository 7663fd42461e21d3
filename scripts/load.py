"""Load from many people at once, every answer counted."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

Call = Callable[[], int]


class Load:
    """Repeats calls in threads while its block runs; each call returns an HTTP status, 0 for a broken connection."""

    def __init__(self, calls: dict[str, tuple[Call, float]]) -> None:
        """Take each call by name, with the seconds that pass between two of it."""
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.slowest = 0.0
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(name, *call)) for name, call in calls.items()]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End, after the calls that are under way."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self) -> int:
        """How many calls were made."""
        return self.statuses.total()

    def failures(self) -> dict[tuple[str, int], int]:
        """Return what did not succeed, by call and status."""
        return {key: count for key, count in self.statuses.items() if key[1] != 200}  # noqa: PLR2004 OK

    def _repeat(self, name: str, call: Call, pause: float) -> None:
        while not self._end.is_set():
            begin = time.monotonic()
            self.statuses[name, call()] += 1
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self._end.wait(pause)
