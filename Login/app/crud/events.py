"""Queries on what happened to accounts: added, summed up, and made nobody's; a row's id tells its time and order."""

import secrets
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, insert, literal_column, or_, select, update

from app.crud.batches import SIZE, Batch, delete_listed, delete_stretch
from app.crud.operations import Upsert, current_time
from app.crud.prepared import Prepared
from app.models import metadata

events = metadata.tables["events"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAME_BYTES = 8
NOBODY, NOBODYS = "", timedelta(days=1)


class EventRow(NamedTuple):
    """What happened, as the database has it."""

    id: bytes
    subject: str
    kind: str
    at: datetime
    outcome: str
    reason: str | None
    times: int
    last_at: datetime
    actor: str
    operator: str | None
    client_address: str
    user_agent: str
    sid: str | None
    amr: str | None
    facts: str | None


_COLUMNS = [events.c[name] for name in EventRow._fields]
_INSERT = Prepared(insert(events))
_SUM_UP = Upsert(
    events,
    [{name: bindparam(name, type_=events.c[name].type) for name in EventRow._fields}],
    {"times": events.c.times + literal_column("1"), "last_at": bindparam("last_at", type_=events.c.last_at.type)},
)


def make_id(at: datetime, name: bytes | None = None) -> bytes:
    """Make a UUIDv7 (RFC 9562, section 5.7) of a time to the microsecond, and chance or eight bytes of a name.

    Rows so lie in the order of their time, with no index for it, and an id tells nobody how many there are.
    """
    microseconds = (at - EPOCH) // timedelta(microseconds=1)
    milliseconds, rest = divmod(microseconds, 1000)
    low = int.from_bytes(name or secrets.token_bytes(NAME_BYTES)) & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | rest * 4096 // 1000 << 64 | 2 << 62 | low).bytes


def first_id(at: datetime) -> bytes:
    """Return what no id of this moment or a later one lies below."""
    return make_id(at, bytes(NAME_BYTES))


def insert_event(connection: Connection, event: EventRow) -> None:
    """Add what happened."""
    _INSERT.count(connection, **event._asdict())


def sum_up(connection: Connection, event: EventRow) -> None:
    """Add what happened, or count it where there is this id; of rivals none is lost."""
    _SUM_UP.run(connection, **event._asdict())


def list_events(
    connection: Connection, subject: str, before: bytes | None, kinds: Collection[str], limit: int
) -> list[EventRow]:
    """List what happened to an account, the latest first: of these kinds and of those below them, or all."""
    query = select(*_COLUMNS).where(events.c.subject == subject)
    if before is not None:
        query = query.where(events.c.id < before)
    if kinds:
        query = query.where(_is_below(kinds))
    rows = connection.execute(query.order_by(events.c.id.desc()).limit(limit))
    return [EventRow._make(row) for row in rows]


def _is_below(kinds: Collection[str]) -> ColumnElement[bool]:
    """Be one of these kinds, or one whose dotted name begins with theirs."""
    below = [events.c.kind.startswith(f"{kind}.", autoescape=True) for kind in kinds]
    return or_(events.c.kind.in_(kinds), *below)


def hand_over(connection: Connection, subject: str, pseudonym: str, limit: int) -> bool:
    """Make at most `limit` of an account's events somebody's whom nothing leads back to; True when all are."""
    found = select(events.c.id).where(events.c.subject == subject).limit(limit)
    ids = connection.execute(found).scalars().all()
    _blank(connection, ids, pseudonym)
    return len(ids) < limit


def forget(connection: Connection, subjects: Collection[str]) -> None:
    """Make the few events of accounts that nobody ever used nobody's."""
    _blank(connection, connection.execute(select(events.c.id).where(events.c.subject.in_(subjects))).scalars().all())


def _blank(connection: Connection, ids: Collection[bytes], subject: str = NOBODY) -> None:
    blank = {"client_address": "", "user_agent": "", "sid": None, "facts": None}
    if ids:
        connection.execute(update(events).where(events.c.id.in_(ids)).values(subject=subject, **blank))


def list_keeps(keep: timedelta) -> list[tuple[str | None, timedelta]]:
    """List how long it is kept what happened: to everybody, and to nobody, of which anybody makes what they like."""
    return [(None, keep), (NOBODY, min(keep, NOBODYS))]


def delete_old(
    connection: Connection, reached: bytes | None = None, size: int = SIZE, *, subject: str | None, keep: timedelta
) -> Batch[bytes]:
    """Remove a batch of what happened too long ago to everybody or one subject, from where the one before has ended."""
    old = events.c.id < first_id(current_time(connection) - keep)
    if subject is None and (batch := delete_stretch(connection, events.c.id, old, reached, size)):
        return batch
    theirs = old if subject is None else old & (events.c.subject == subject)
    return delete_listed(connection, events.c.id, theirs, reached, size)
