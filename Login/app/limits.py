"""How many guesses are judged, and how long the next one waits: pure rules, which `services/attempts.py` applies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

NO_WAIT = timedelta(0)


class Tally(NamedTuple):
    """What a counter says: so many guesses, the first and the last of them when."""

    guesses: int
    since: datetime
    last: datetime


@dataclass(frozen=True)
class Limit:
    """At most `amount` guesses in any `window`.

    The count starts anew once a whole window has passed since the last guess that was judged. That never lets more
    than `amount` through, where windows on a fixed grid would let twice as many through around each border.
    With `by_first` it is a window since the first guess: for long ones, or a daily typing error would add up.
    After `free` failures each further one costs a pause, twice as long as the one before.
    """

    name: str
    amount: int
    window: timedelta
    free: int | None = None
    by_first: bool = False


ADDRESS = Limit("password, one address", 10, timedelta(minutes=5), free=5)
# Without pauses: they would let a few failures of strangers delay the owner, wherever they are.
EVERYWHERE = Limit("password, everywhere", 30, timedelta(minutes=5))

MOVE = Limit("change of address", 5, timedelta(hours=1), by_first=True)

CODE = Limit("code, 5 minutes", 5, timedelta(minutes=5))
CODE_HOUR = Limit("code, hour", 20, timedelta(hours=1), by_first=True)
CODE_DAY = Limit("code, day", 50, timedelta(days=1), by_first=True)


def find_wait(limit: Limit, tally: Tally, now: datetime) -> timedelta:
    """Say how long until a guess may be judged, never longer than the window, whatever was done to the clock."""
    if is_over(limit, tally, now):
        return NO_WAIT
    if tally.guesses >= limit.amount:
        return min(find_end(limit, tally) - now, limit.window)
    # A rival may have been counted first whose statement began later than ours: that is no reason to wait.
    wait = min(tally.last + _find_pause(limit, tally.guesses), find_end(limit, tally)) - max(now, tally.last)
    return max(wait, NO_WAIT)


def add_guess(limit: Limit, tally: Tally, now: datetime) -> Tally:
    """Count one more guess, in a new window when the old one is over."""
    if is_over(limit, tally, now):
        return Tally(1, now, now)
    return Tally(tally.guesses + 1, tally.since, max(now, tally.last))


def find_end(limit: Limit, tally: Tally) -> datetime:
    """Say when the count starts anew."""
    return (tally.since if limit.by_first else tally.last) + limit.window


def is_over(limit: Limit, tally: Tally, now: datetime) -> bool:
    """Whether the count starts anew: its window has passed, or lies so far ahead that the clock was wrong then."""
    return not now < find_end(limit, tally) < now + 2 * limit.window


def _find_pause(limit: Limit, failures: int) -> timedelta:
    if limit.free is None or failures <= limit.free:
        return NO_WAIT
    return timedelta(seconds=2 ** (failures - limit.free - 1))
