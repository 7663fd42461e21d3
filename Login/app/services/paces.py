"""How many mails a mailbox gets: counted in the database, before one is written."""

import math
from collections.abc import Sequence

from sqlalchemy import Connection

from app import crud
from app.throttling.counters import Counter, list_keys
from app.throttling.limits import add_guess, find_wait


def count_all(connection: Connection, counters: Sequence[Counter]) -> int:
    """Count one more on all of these or, when one is full, on none: then return for how many seconds it is."""
    if not counters:
        return 0
    held = crud.hold_tallies(connection, list_keys(counters))
    waits = [find_wait(counter.limit, *held[counter.key]).total_seconds() for counter in counters]
    if longest := max(waits):
        return math.ceil(longest)
    counted = {one.key: (add_guess(one.limit, *held[one.key]), one.limit.window) for one in counters}
    crud.save_tallies(connection, list_keys(counters), counted)
    return 0
