"""Times as people say them."""

from datetime import UTC, datetime

from FlaskProject.messages import t

STEPS = ((60, "minute"), (3600, "hour"), (86400, "day"), (86400 * 30, "month"), (86400 * 365, "year"))


def clock_time(moment: datetime) -> str:
    """Write today's moments as `14:02 UTC`, others with their date."""
    moment = moment.astimezone(UTC)
    today = moment.date() == datetime.now(UTC).date()
    return f"{moment:%H:%M} UTC" if today else f"{moment.day} {moment:%B %Y, %H:%M} UTC"


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
    if seconds < 60:
        return t("wait.second" if seconds == 1 else "wait.seconds", count=seconds)
    if seconds <= 60 * 60:
        minutes = -(-seconds // 60)
        return t("wait.minute" if minutes == 1 else "wait.minutes", count=minutes)
    hours = -(-seconds // 3600)
    return t("wait.hour" if hours == 1 else "wait.hours", count=hours)
