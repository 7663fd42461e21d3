"""People at work at the same time, each in a thread of their own."""

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from testing.people import Habit


class Town:
    """All of them at once, each in a thread, while its block runs."""

    def __init__(self, habits: Sequence[Habit]) -> None:
        """Take who takes part."""
        self._habits = habits
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._live, args=(habit,)) for habit in habits]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End, once everybody has had an answer."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _live(self, habit: Habit) -> None:
        while not self._end.wait(habit.pause):
            try:
                habit.act()
            except Exception as error:  # noqa: BLE001 whoever stumbles must not fall silent
                habit.ledger.accuse(f"{type(habit).__name__}: {error!r}")
