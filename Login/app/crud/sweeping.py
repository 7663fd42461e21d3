"""Rows that have outlived their use, removed in small batches so that no lock is held for long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.crud.batches import SIZE, Batch, delete_listed, delete_stretch
from app.crud.clock import utc_horizon
from app.crud.events import forget as forget_events
from app.crud.operations import current_time
from app.crud.passkeys import CEREMONY_LIFETIME
from app.crud.second_factors import ENROLMENT_LIFETIME
from app.crud.webhooks import forget as forget_webhooks
from app.models import metadata

SLICE = 20_000  # accounts that one statement looks at: there is no index to find the few by

schedules = metadata.tables["schedules"]
users = metadata.tables["users"]


class Expiry(NamedTuple):
    """When rows of a table have had their day: when it is over, or lies further ahead than it can have been put.

    What is void would be good again when its date comes. Sessions and mails are not lost: they are put right instead.
    Where nobody moves a moment that has passed, rows go by stretches of it. A counter may begin anew: who does so locks
    the row first and then its place in the index, a stretch the other way round, and the two would wait for each other.
    """

    table: str
    moment: str
    keep: timedelta = timedelta(0)
    furthest: timedelta | None = None
    by_stretches: bool = False


EXPIRIES = (
    Expiry("ceremonies", "expires_at", furthest=CEREMONY_LIFETIME),
    Expiry("totp_enrolments", "expires_at", furthest=ENROLMENT_LIFETIME),
    Expiry("trusted_devices", "expires_at", furthest=timedelta(days=90)),
    Expiry("used_tokens", "expires_at", by_stretches=True),
    Expiry("one_time_tokens", "expires_at", furthest=timedelta(hours=72)),
    Expiry("attempts", "expires_at"),
    Expiry("sessions", "expires_at", by_stretches=True),
    Expiry("known_addresses", "last_used_at", keep=timedelta(days=90), furthest=timedelta(0)),
    Expiry("mails", "created_at", keep=timedelta(days=30), by_stretches=True),
    Expiry("webhooks", "created_at", keep=timedelta(days=30), by_stretches=True),
)


def take_turn(connection: Connection, name: str, interval: timedelta) -> bool:
    """Whether this process is the one to do a piece of background work that is due, until `interval` later."""
    now = current_time(connection)
    is_due = or_(schedules.c.next_at <= now, schedules.c.next_at > utc_horizon(interval))
    query = update(schedules).where(schedules.c.name == name, is_due)
    if connection.execute(query.values(next_at=now + interval)).rowcount == 1:
        return True
    if connection.execute(select(schedules.c.name).where(schedules.c.name == name)).first():
        return False
    try:
        connection.execute(insert(schedules).values(name=name, next_at=now + interval))
    except IntegrityError:  # another process was first
        return False
    return True


def delete_expired(
    connection: Connection, expiry: Expiry, reached: datetime | None = None, size: int = SIZE
) -> Batch[datetime]:
    """Remove a batch of one table's expired rows, beginning where the one before has ended."""
    moment = metadata.tables[expiry.table].c[expiry.moment]
    expired = moment < current_time(connection) - expiry.keep
    if expiry.by_stretches and (batch := delete_stretch(connection, moment, expired, reached, size)):
        return batch
    if expiry.furthest is not None:
        expired = or_(expired, moment > utc_horizon(expiry.furthest))
    return delete_listed(connection, moment, expired, reached, size)


def list_slices(connection: Connection) -> Sequence[int]:
    """List the ids at which slices of the accounts begin."""
    last: int = connection.execute(select(func.coalesce(func.max(users.c.id), 0))).scalar_one()
    return range(0, last + 1, SLICE)


def delete_unconfirmed(connection: Connection, first: int, keep: timedelta) -> list[str]:
    """Remove at most a batch of a slice's accounts whose address nobody confirmed and nobody signed in to in time.

    Return their public ids. What an operator has disabled stays: the address would be free again.
    """
    unused = and_(*(users.c[name].is_(None) for name in ("email_verified_at", "last_login_at", "disabled_at")))
    old = and_(unused, users.c.created_at < current_time(connection) - keep)
    between = users.c.id.between(first, first + SLICE - 1)
    found = connection.execute(select(users.c.id, users.c.public_id).where(between, old).limit(SIZE)).all()
    if not found:
        return []
    mine = users.c.id.in_([row.id for row in found])
    connection.execute(delete(users).where(mine, old))  # asked again: somebody may have come back since
    back = set(connection.execute(select(users.c.public_id).where(mine)).scalars())
    gone = [row.public_id for row in found if row.public_id not in back]
    forget_events(connection, gone)
    forget_webhooks(connection, gone)
    return gone
