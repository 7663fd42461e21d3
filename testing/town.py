"""People at work at the same time, each in a thread of their own."""

from collections.abc import Sequence
from functools import partial

from testing.crowd import Crowd
from testing.people import Habit


class Town(Crowd):
    """All of them at once, each in a thread, while its block runs."""

    def __init__(self, habits: Sequence[Habit]) -> None:
        """Take who takes part."""
        super().__init__(partial(self._live, habit) for habit in habits)

    def _live(self, habit: Habit) -> None:
        while not self.end.wait(habit.pause):
            try:
                habit.act()
            except Exception as error:  # noqa: BLE001 whoever stumbles must not fall silent
                habit.ledger.accuse(f"{type(habit).__name__}: {error!r}")
