"""How many guesses are judged, and how long the next one waits: pure rules, which `services/attempts.py` applies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

NO_WAIT = timedelta(0)


class Tally(NamedTuple):
    """What a counter says: so many guesses, the first and the last of them when; and those of the window before."""

    guesses: int
    since: datetime
    last: datetime
    before: int = 0
    before_last: datetime | None = None

    @property
    def total(self) -> int:
        """Return how many guesses count together."""
        return self.guesses + self.before


@dataclass(frozen=True)
class Limit:
    """At most `amount` guesses in any `window`.

    The count starts anew once a whole window has passed since the last guess that was judged. That never lets more
    than `amount` through, where windows on a fixed grid would let twice as many through around each border.
    With `by_first` it is a window since the first guess: for long ones, or a daily typing error would add up. What the
    window before held counts with it until its last guess is a window old, so the border lets no more through either.
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
EVERYWHERE_HOUR = Limit("password, everywhere, hour", 60, timedelta(hours=1), by_first=True)
EVERYWHERE_DAY = Limit("password, everywhere, day", 100, timedelta(days=1), by_first=True)

MOVE = Limit("change of address", 5, timedelta(hours=1), by_first=True)
EXPORT = Limit("download of the data", 5, timedelta(hours=1), by_first=True)

CODE = Limit("code, 5 minutes", 5, timedelta(minutes=5))
CODE_HOUR = Limit("code, hour", 20, timedelta(hours=1), by_first=True)
CODE_DAY = Limit("code, day", 50, timedelta(days=1), by_first=True)
PASSKEY = Limit("passkey, 5 minutes", 5, timedelta(minutes=5))
PASSKEY_HOUR = Limit("passkey, hour", 20, timedelta(hours=1), by_first=True)
PASSKEY_DAY = Limit("passkey, day", 50, timedelta(days=1), by_first=True)
# For each address alone: nobody guesses 120 bits, but somebody may want to keep the owner from typing theirs.
RECOVERY = Limit("recovery code, one address", 5, timedelta(minutes=5))


def find_wait(limit: Limit, tally: Tally, now: datetime) -> timedelta:
    """Say how long until a guess may be judged, never longer than the window, whatever was done to the clock."""
    current = look_at(limit, tally, now)
    if current.guesses >= limit.amount:
        return min(current.last + limit.window - now, limit.window)
    if current.before_last is not None and current.total >= limit.amount:
        return min(current.before_last + limit.window - now, limit.window)
    # A rival may have been counted first whose statement began later than ours: that is no reason to wait.
    wait = min(_find_pause(limit, current.guesses), limit.window) + current.last - max(now, current.last)
    return max(wait, NO_WAIT)


def add_guess(limit: Limit, tally: Tally, now: datetime) -> Tally:
    """Count one more guess, in a new window when the old one is over."""
    current = look_at(limit, tally, now)
    return current._replace(guesses=current.guesses + 1, last=max(now, current.last))


def look_at(limit: Limit, tally: Tally, now: datetime) -> Tally:
    """Say what still counts: a window that is over becomes the one before, and goes with its last guess."""
    if _is_within(limit, tally.since if limit.by_first else tally.last, now):
        kept = tally.before_last is not None and _is_within(limit, tally.before_last, now)
        return tally if kept else tally._replace(before=0, before_last=None)
    if limit.by_first and tally.guesses and _is_within(limit, tally.last, now):
        return Tally(0, now, now, tally.guesses, tally.last)
    return Tally(0, now, now)


def _is_within(limit: Limit, moment: datetime, now: datetime) -> bool:
    """Whether its window has not passed, nor lies so far ahead that the clock was wrong then."""
    return now < moment + limit.window < now + 2 * limit.window


def _find_pause(limit: Limit, failures: int) -> timedelta:
    if limit.free is None or failures <= limit.free:
        return NO_WAIT
    return timedelta(seconds=2 ** (failures - limit.free - 1))
