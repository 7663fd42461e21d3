"""Queries on the mail queue, beside those that all queues share."""

from datetime import timedelta
from typing import TypeAlias

from sqlalchemy import Connection, and_, case, null, update

from app.crud.clock import utc_now
from app.crud.operations import current_time, find_one, insert_row
from app.crud.outbox import DEAD, QUEUED, Outbox, Queued
from app.models import Mail, metadata

mails = metadata.tables["mails"]

ORPHANS_KEPT = timedelta(hours=72)
HELD_BACK = timedelta(minutes=2)  # at most, for a notice that sums up others

MailRow: TypeAlias = Queued


class _Mails(Outbox):
    def mark_dead(self, connection: Connection, row: MailRow) -> bool:
        """Give a mail up; its content stays for an operator's retry, unless its account is gone."""
        kept = case((mails.c.user_id.is_(None), null()), else_=mails.c.content)
        return self.change(connection, row, state=DEAD, finished_at=current_time(connection), content=kept)


queue = _Mails(mails, "mail", HELD_BACK)


def insert_mail(connection: Connection, mail: Mail) -> None:
    """Queue a mail."""
    insert_row(connection, mail)


def find_due(connection: Connection, limit: int) -> list[MailRow]:
    """List mails whose next try is due: links that somebody waits for before notices, then the longest waiting."""
    found: list[MailRow] = []
    for urgent in (True, False):  # one after the other, so that each is read in the order of the index
        due = queue.select(queue.is_due(), mails.c.urgent.is_(urgent))
        query = due.order_by(mails.c.next_try_at, mails.c.id).limit(limit - len(found))
        found += [MailRow._make(row) for row in connection.execute(query)]
    return found


def find_latest(connection: Connection, mailbox_hash: bytes, kind: str) -> MailRow | None:
    """Find the mail of a kind that a mailbox gets last; its `created_at` may lie ahead, while it is held back."""
    query = queue.select(mails.c.mailbox_hash == mailbox_hash, mails.c.kind == kind)
    return find_one(connection, query.order_by(mails.c.created_at.desc()).limit(1), MailRow._make)


def replace_content(connection: Connection, mail: MailRow, content: str) -> bool:
    """Change what a mail says that nobody has tried to deliver yet."""
    return queue.change(connection, mail, mails.c.next_try_at > utc_now(), content=content)


def erase_orphans(connection: Connection) -> int:
    """Erase what is still to be said to people whose account is long gone, and return how many mails it was."""
    now = current_time(connection)
    old = and_(mails.c.user_id.is_(None), mails.c.state == QUEUED, mails.c.created_at <= now - ORPHANS_KEPT)
    values = {"state": DEAD, "content": None, "finished_at": now}
    return connection.execute(update(mails).where(old).values(values)).rowcount
