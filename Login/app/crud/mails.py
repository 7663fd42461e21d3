"""Queries on the mail queue: a mail is a row, and whoever moves its next try on may deliver it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from app.crud.clock import utc_horizon, utc_now
from app.crud.operations import current_time, find_one, insert_row
from app.models import Mail, metadata

mails = metadata.tables["mails"]

QUEUED, SENT, DEAD = "queued", "sent", "dead"
ORPHANS_KEPT = timedelta(hours=72)
AWAY_WAIT = timedelta(seconds=30)  # for a mail that met no server; others were not even tried
HELD_BACK = timedelta(minutes=2)  # at most, for a notice that sums up others
LONGEST_WAIT = timedelta(hours=24)  # for one that failed


class MailRow(NamedTuple):
    """A mail as the queue has it."""

    id: int
    message_id: str
    user_id: int | None
    kind: str
    content: str | None
    tries: int
    created_at: datetime
    next_try_at: datetime


_COLUMNS = [mails.c[name] for name in MailRow._fields]


def insert_mail(connection: Connection, mail: Mail) -> None:
    """Queue a mail."""
    insert_row(connection, mail)


def find_due(connection: Connection, limit: int) -> list[MailRow]:
    """List mails whose next try is due: links that somebody waits for before notices, then the longest waiting."""
    found: list[MailRow] = []
    for urgent in (True, False):  # one after the other, so that each is read in the order of the index
        due = and_(mails.c.state == QUEUED, mails.c.urgent.is_(urgent), _is_due())
        query = select(*_COLUMNS).where(due).order_by(mails.c.next_try_at, mails.c.id).limit(limit - len(found))
        found += [MailRow._make(row) for row in connection.execute(query)]
    return found


def claim(connection: Connection, mail: MailRow, lease: timedelta) -> MailRow | None:
    """Take a due mail for so long; of rivals a single one succeeds, and a killed one's claim ends with its lease."""
    until = current_time(connection) + lease
    taken = _change(connection, mail, _is_due(), tries=mail.tries + 1, next_try_at=until)
    return mail._replace(tries=mail.tries + 1) if taken else None


def mark_sent(connection: Connection, mail: MailRow) -> bool:
    """Note a delivery and erase the content, unless the claim was taken over meanwhile."""
    return _change(connection, mail, state=SENT, content=None, finished_at=current_time(connection))


def mark_dead(connection: Connection, mail: MailRow) -> bool:
    """Give a mail up; its content stays for an operator's retry, unless its account is gone."""
    erased = {"content": None} if mail.user_id is None else {}
    return _change(connection, mail, state=DEAD, finished_at=current_time(connection), **erased)


def postpone(connection: Connection, mail: MailRow, wait: timedelta) -> bool:
    """Put a claimed mail back for a later try."""
    return _change(connection, mail, next_try_at=current_time(connection) + wait)


def put_back(connection: Connection, mail: MailRow, wait: timedelta) -> bool:
    """Put a claimed mail back as if it had not been tried, for it was not: no server was there."""
    return _change(connection, mail, tries=mail.tries - 1, next_try_at=current_time(connection) + wait)


def remove(connection: Connection, mail: MailRow) -> bool:
    """Take a row out of the queue, once."""
    return connection.execute(delete(mails).where(_is_same(mail))).rowcount == 1


def find_latest(connection: Connection, mailbox_hash: bytes, kind: str) -> MailRow | None:
    """Find the mail of a kind that a mailbox gets last; its `created_at` may lie ahead, while it is held back."""
    query = select(*_COLUMNS).where(mails.c.mailbox_hash == mailbox_hash, mails.c.kind == kind)
    return find_one(connection, query.order_by(mails.c.created_at.desc()).limit(1), MailRow._make)


def replace_content(connection: Connection, mail: MailRow, content: str) -> bool:
    """Change what a mail says that nobody has tried to deliver yet."""
    return _change(connection, mail, mails.c.next_try_at > utc_now(), content=content)


def list_dead(connection: Connection) -> list[MailRow]:
    """List the mails that were given up and can be tried again, the latest first."""
    query = select(*_COLUMNS).where(_is_retriable()).order_by(mails.c.finished_at.desc(), mails.c.id.desc())
    return [MailRow._make(row) for row in connection.execute(query.limit(1000))]


def retry(connection: Connection, message_id: str | None = None) -> int:
    """Queue a dead mail again, or all of them, and return how many."""
    which = _is_retriable() if message_id is None else and_(_is_retriable(), mails.c.message_id == message_id)
    values = {"state": QUEUED, "tries": 0, "next_try_at": current_time(connection), "finished_at": None}
    return connection.execute(update(mails).where(which).values(values)).rowcount


def erase_orphans(connection: Connection) -> int:
    """Erase what is still to be said to people whose account is long gone, and return how many mails it was."""
    now = current_time(connection)
    old = and_(mails.c.user_id.is_(None), mails.c.state == QUEUED, mails.c.created_at <= now - ORPHANS_KEPT)
    values = {"state": DEAD, "content": None, "finished_at": now}
    return connection.execute(update(mails).where(old).values(values)).rowcount


def _change(connection: Connection, mail: MailRow, *conditions: ColumnElement[bool], **values: object) -> bool:
    query = update(mails).where(_is_same(mail), *conditions)
    return connection.execute(query.values(values)).rowcount == 1


def _is_due() -> ColumnElement[bool]:
    """Be due, or never have been put off for so long: the clock was ahead then."""
    untried = and_(mails.c.tries == 0, mails.c.next_try_at > utc_horizon(HELD_BACK))
    return or_(mails.c.next_try_at <= utc_now(), untried, mails.c.next_try_at > utc_horizon(LONGEST_WAIT))


def _is_same(mail: MailRow) -> ColumnElement[bool]:
    """Be this mail at this try: whoever claimed it later has moved the count on."""
    return and_(mails.c.id == mail.id, mails.c.tries == mail.tries, mails.c.state == QUEUED)


def _is_retriable() -> ColumnElement[bool]:
    return and_(mails.c.state == DEAD, mails.c.content.is_not(None))


def measure_mail_queue(connection: Connection) -> tuple[int, float]:
    """Say how many mails wait, and for how many seconds the oldest has, by the database's clock."""
    waiting = select(utc_now(), func.count(), func.min(mails.c.created_at)).where(mails.c.state == QUEUED)
    now, count, oldest = connection.execute(waiting).one()
    return count, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
