"""Counting in the database: one more on each counter, or for how long it is full."""

import math
from collections.abc import Sequence

from sqlalchemy import Connection

from app.crud import attempts
from app.throttling.counters import Counter, list_keys
from app.throttling.limits import Limit, Tally, add_guess, find_wait


def count_all(connection: Connection, counters: Sequence[Counter]) -> int:
    """Count one more on all of these or, when one is full, on none: then return for how many seconds it is."""
    if not counters:
        return 0
    held = attempts.hold_tallies(connection, list_keys(counters))
    waits = [find_wait(counter.limit, *held[counter.key]).total_seconds() for counter in counters]
    if longest := max(waits):
        return math.ceil(longest)
    save_counts(connection, counters, held)
    return 0


def save_counts(connection: Connection, counters: Sequence[Counter], held: attempts.Tallies) -> dict[Limit, Tally]:
    """Count one more on each of these, which are held, and return what they say by now."""
    counted = {one.key: (add_guess(one.limit, *held[one.key]), one.limit.window) for one in counters}
    attempts.save_tallies(connection, list_keys(counters), counted)
    return {one.limit: counted[one.key][0] for one in counters}
