"""How many mails a mailbox gets: counted in the database, before one is written."""

import math
from collections.abc import Iterable

from sqlalchemy import Connection

from app import crud
from app.counters import Counter
from app.limits import add_guess, find_end, find_wait


def count_all(connection: Connection, counters: Iterable[Counter]) -> int:
    """Count one more on all of these or, when one is full, on none: then return for how many seconds it is."""
    held = []
    for counter in sorted(counters, key=lambda counter: counter.key):  # one order for all: no deadlocks
        tally, now = crud.hold_tally(connection, counter.key)
        if wait := find_wait(counter.limit, tally, now).total_seconds():
            return math.ceil(wait)
        held.append((counter, add_guess(counter.limit, tally, now)))
    for counter, tally in held:
        crud.save_tally(connection, counter.key, tally, find_end(counter.limit, tally))
    return 0
