"""Work out what people need by their number, for docs/scale.md; a test compares the two: `python scripts/scale.py`."""

import math
import sys
from collections.abc import Callable
from typing import NamedTuple

PEOPLE = (10_000, 100_000, 1_000_000, 10_000_000)
DAY, MONTH, YEAR = 86_400, 30, 365  # seconds, days, days

# Assumed, for each day; put in your own.
ACTIVE = 0.1  # of all people
PEAK = 10  # the busiest minute beside the mean
SIGN_INS, REFRESHES, NOTED, CALLS = 0.3, 4, 4, 40  # of somebody active; "noted" is that a session is in use
NEW, LETTERS = 0.0005, 0.02  # registrations of all people; mails to somebody active, beside one for each registration
ADDRESSES = 3  # from which somebody signs in within 90 days
FULL = 0.6  # how busy a core may be in that minute

# Measured: docs/scale.md says where.
HASHES = 4.1  # a second and core
READ, DATABASE_READ = 0.00053, 0.00011  # seconds of a core
COMMITS_OF_SIGN_IN = 3
BYTES = {"user": 484, "session": 379, "event": 580, "address": 231, "mail": 527}  # of a row and its indices
BYTES_OF_WINDOW = 322  # in Redis, of an address that has called within the minute, if each call has its own


class Line(NamedTuple):
    """A figure, and how it follows from the number of people."""

    name: str
    unit: str
    work_out: Callable[[float], float]


def at_peak(people: float, of_each: float) -> float:
    """Return how many a second there are in the busiest minute, of what each active person does so often a day."""
    return people * ACTIVE * of_each * PEAK / DAY


def count_mails(people: float) -> float:
    """Return the mails of a day."""
    return people * (NEW + ACTIVE * LETTERS)


def count_bytes(people: float, *tables: str) -> float:
    """Return what these tables take, or all."""
    rows = {
        "user": people,
        "session": people * ACTIVE * SIGN_INS * MONTH,
        "event": people * ACTIVE * SIGN_INS * YEAR,
        "address": people * ADDRESSES,
        "mail": count_mails(people) * MONTH,
    }
    return sum(rows[name] * BYTES[name] for name in tables or rows)


LINES = (
    Line("sign-ins", "a second", lambda people: at_peak(people, SIGN_INS)),
    Line("cores for their hashes", "", lambda people: at_peak(people, SIGN_INS) / HASHES / FULL),
    Line("authenticated calls", "a second", lambda people: at_peak(people, CALLS)),
    Line("cores for them: API", "", lambda people: at_peak(people, CALLS) * READ / FULL),
    Line("cores for them: database", "", lambda people: at_peak(people, CALLS) * DATABASE_READ / FULL),
    Line("commits", "a second", lambda people: at_peak(people, COMMITS_OF_SIGN_IN * SIGN_INS + REFRESHES + NOTED)),
    Line("all tables", "GB", lambda people: count_bytes(people) / 1e9),
    Line("of it the trail (a year)", "GB", lambda people: count_bytes(people, "event") / 1e9),
    Line("in memory, best", "GB", lambda people: count_bytes(people, "user", "session", "address") / 1e9),
    Line("mails", "a day", count_mails),
    Line("Redis", "MB", lambda people: at_peak(people, CALLS) * 60 * BYTES_OF_WINDOW / 1e6),
)


def write_table() -> str:
    """Return the table of docs/scale.md."""
    head = ["in the busiest minute", *(f"{people:,} people" for people in PEOPLE)]
    rows = [[write_name(line), *(write_number(line.work_out(people)) for people in PEOPLE)] for line in LINES]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def write_name(line: Line) -> str:
    """Write what a line is about, and in what."""
    return f"{line.name}, {line.unit}" if line.unit else line.name


def write_number(number: float) -> str:
    """Write two digits of a number: more of it is not known."""
    places = max(0, 1 - math.floor(math.log10(number)))
    return f"{round(number, 1 - math.floor(math.log10(number))):,.{min(places, 3)}f}"


if __name__ == "__main__":
    sys.stdout.write(f"{write_table()}\n")
