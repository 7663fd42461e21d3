"""Times as people say them."""

from datetime import UTC, datetime

from FlaskProject.messages import t

MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = ((MINUTE, "minute"), (HOUR, "hour"), (DAY, "day"), (DAY * 30, "month"), (DAY * 365, "year"))


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
    return t("clock.date", day=moment.day, month=t(f"month.{moment.month}"), year=moment.year)


def ago(moment: datetime) -> str:
    """Write how long ago a moment was, in its largest unit."""
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    fitting = [(size, unit) for size, unit in STEPS if seconds >= size]
    if not fitting:
        return t("ago.now")
    size, unit = fitting[-1]
    count = seconds // size
    return t(f"ago.{unit}" if count == 1 else f"ago.{unit}s", count=count)


def duration(seconds: int) -> str:
    """Write a waiting time, rounded up."""
    if seconds < MINUTE:
        return t("wait.second" if seconds == 1 else "wait.seconds", count=seconds)
    if seconds <= HOUR:
        minutes = -(-seconds // MINUTE)
        return t("wait.minute" if minutes == 1 else "wait.minutes", count=minutes)
    hours = -(-seconds // HOUR)
    return t("wait.hour" if hours == 1 else "wait.hours", count=hours)
