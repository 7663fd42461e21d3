"""Times as the pages write them."""

from datetime import datetime

from babel.dates import format_date, format_time

from app.letters.speech import Speech

MOMENT = "{date}, {time} UTC"


def write_moment(when: datetime, speech: Speech) -> str:
    """Write a moment in UTC with its date, such as `3 May 2027, 14:02 UTC`."""
    locale = speech.language.locale
    date, time = format_date(when, "long", locale), format_time(when, "short", locale=locale)
    return speech.say(MOMENT).format(date=date, time=time)
