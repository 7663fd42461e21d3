"""What operators ask about the mails that wait."""

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from app.clock import utc_now
from app.models import metadata

mails = metadata.tables["mails"]

QUEUE = select(utc_now(), func.count(), func.min(mails.c.created_at)).where(mails.c.state == "queued")


class MailQueue(NamedTuple):
    """How many mails wait, and since how many seconds the oldest does."""

    count: int
    age: float


def measure_mail_queue(connection: Connection) -> MailQueue:
    """Measure the queue by the database's clock."""
    now, count, oldest = connection.execute(QUEUE).one()
    return MailQueue(count, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
