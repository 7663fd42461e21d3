"""Times as people say them, each in its own language."""

from datetime import UTC, datetime, time, timedelta
from datetime import date as Day  # noqa: N812 a function here is called date
from functools import lru_cache
from math import inf
from typing import Literal

from babel.dates import format_date, format_time, format_timedelta

from FlaskProject.languages.current import current_language
from FlaskProject.languages.known import Language
from FlaskProject.messages import t

Unit = Literal["year", "month", "day", "hour", "minute", "second"]

KEPT = 4096
MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS: tuple[tuple[int, Unit], ...] = (
    *((DAY * 365, "year"), (DAY * 30, "month"), (DAY, "day")),
    *((HOUR, "hour"), (MINUTE, "minute")),
)


def clock_time(moment: datetime) -> str:
    """Write today's moments as `14:02 UTC`, others with their date."""
    moment = moment.astimezone(UTC)
    if moment.date() != datetime.now(UTC).date():
        return date_and_time(moment)
    return t("clock.today", time=_time(moment))


def date_and_time(moment: datetime) -> str:
    """Write a moment with its date, whichever that is."""
    return t("clock.moment", date=date(moment), time=_time(moment))


def date(moment: datetime) -> str:
    """Write the day of a moment as `3 May 2027`."""
    return _write_date(moment.astimezone(UTC).date(), current_language())


def ago(moment: datetime) -> str:
    """Write how long ago a moment was, in its largest unit."""
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    size, unit = next(((size, unit) for size, unit in STEPS if seconds >= size), (0, None))
    return _span(-(seconds // size) * size, unit, directed=True) if unit else t("ago.now")


def duration(seconds: int) -> str:
    """Write a waiting time as `5 minutes`, rounded up."""
    return _span(*_round_up(seconds), directed=False)


def in_time(seconds: int) -> str:
    """Write when a wait is over as `in 5 minutes`, rounded up."""
    return _span(*_round_up(seconds), directed=True)


def _round_up(seconds: int) -> tuple[int, Unit]:
    if seconds < MINUTE:
        return seconds, "second"
    size, unit = (MINUTE, "minute") if seconds <= HOUR else (HOUR, "hour") if seconds < 2 * DAY else (DAY, "day")
    return -(-seconds // size) * size, unit  # type: ignore[return-value]


def _span(seconds: int, unit: Unit, *, directed: bool) -> str:
    """Write so many seconds in this unit, whatever larger ones there are."""
    return _write_span(seconds, unit, directed, current_language())


def _time(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return _write_time(time(moment.hour, moment.minute), current_language())


# What CLDR's patterns make is kept: a list of devices would have them read for each of its lines.


@lru_cache(KEPT)
def _write_date(day: Day, language: Language) -> str:
    return format_date(day, "long", locale=language.locale)


@lru_cache(KEPT)
def _write_time(clock: time, language: Language) -> str:
    return format_time(clock, "short", locale=language.locale)


@lru_cache(KEPT)
def _write_span(seconds: int, unit: Unit, directed: bool, language: Language) -> str:
    span = timedelta(seconds=seconds)
    return format_timedelta(span, unit, threshold=inf, add_direction=directed, locale=language.locale)
