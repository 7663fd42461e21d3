"""Times as the pages write them."""

from datetime import datetime

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def write_moment(when: datetime) -> str:
    """Write a moment in UTC with its date, such as `3 May 2027, 14:02 UTC`."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}, {when:%H:%M} UTC"
