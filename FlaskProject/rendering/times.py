"""Times as people say them."""

from datetime import UTC, datetime

from FlaskProject.messages import t

MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = ((DAY * 365, "year"), (DAY * 30, "month"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))


def clock_time(moment: datetime) -> str:
    """Write today's moments as `14:02 UTC`, others with their date."""
    moment = moment.astimezone(UTC)
    if moment.date() != datetime.now(UTC).date():
        return date_and_time(moment)
    return t("clock.today", time=f"{moment:%H:%M}")


def date_and_time(moment: datetime) -> str:
    """Write a moment with its date, whichever that is."""
    return t("clock.moment", date=date(moment), time=f"{moment.astimezone(UTC):%H:%M}")


def date(moment: datetime) -> str:
    """Write the day of a moment as `3 May 2027`."""
    moment = moment.astimezone(UTC)
    return t("clock.date", day=moment.day, month=t("months").split()[moment.month - 1], year=moment.year)


def ago(moment: datetime) -> str:
    """Write how long ago a moment was, in its largest unit."""
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    size, unit = next(((size, unit) for size, unit in STEPS if seconds >= size), (0, ""))
    return _counted("ago", unit, seconds // size) if size else t("ago.now")


def duration(seconds: int) -> str:
    """Write a waiting time, rounded up."""
    if seconds < MINUTE:
        return _counted("wait", "second", seconds)
    size, unit = (MINUTE, "minute") if seconds <= HOUR else (HOUR, "hour") if seconds < 2 * DAY else (DAY, "day")
    return _counted("wait", unit, -(-seconds // size))


def _counted(what: str, unit: str, count: int) -> str:
    return t(f"{what}.{unit}" if count == 1 else f"{what}.{unit}s", count=count)
