"""Queries on counters of guesses, and on the addresses from which accounts have signed in."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from app.clock import utc_now
from app.crud.operations import NOW, upsert
from app.limits import Tally
from app.models import metadata

attempts = metadata.tables["attempts"]
known_addresses = metadata.tables["known_addresses"]

KNOWN_MAX = 20  # addresses an account
KNOWN_FOR = timedelta(days=90)

_TALLY = (attempts.c.count, attempts.c.window_started_at, attempts.c.last_at)


def list_tallies(connection: Connection, keys: Collection[bytes]) -> tuple[dict[bytes, Tally], datetime]:
    """Read the counters that exist, by their keys, and the time."""
    query = select(attempts.c.key_hash, *_TALLY).where(attempts.c.key_hash.in_(keys))
    return {row[0]: Tally(*row[1:]) for row in connection.execute(query)}, connection.execute(select(NOW)).scalar_one()


def hold_tally(connection: Connection, key: bytes) -> tuple[Tally, datetime]:
    """Lock a counter until the transaction ends, making it if need be, and read it and the time.

    The upsert locks the row, or the place where it will be, so rivals wait here and each sees the count of the last.
    """
    start = {"key_hash": key, "count": 0, "window_started_at": utc_now(), "last_at": utc_now(), "expires_at": utc_now()}
    upsert(connection, attempts, start, {"count": attempts.c.count})
    *tally, now = connection.execute(select(*_TALLY, NOW).where(attempts.c.key_hash == key)).one()
    return Tally(*tally), now


def save_tally(connection: Connection, key: bytes, tally: Tally, expires_at: datetime) -> None:
    """Write a counter that is held."""
    values = {"count": tally.guesses, "window_started_at": tally.since, "last_at": tally.last, "expires_at": expires_at}
    connection.execute(update(attempts).where(attempts.c.key_hash == key).values(values))


def delete_tallies(connection: Connection, keys: Collection[bytes]) -> None:
    """Forget counters."""
    if keys:
        connection.execute(delete(attempts).where(attempts.c.key_hash.in_(keys)))


def is_known_address(connection: Connection, user_id: int, address_hash: bytes) -> bool:
    """Whether this account has signed in from there within the last 90 days."""
    query = select(known_addresses.c.last_used_at, NOW).where(
        known_addresses.c.user_id == user_id, known_addresses.c.address_hash == address_hash
    )
    row = connection.execute(query).one_or_none()
    return row is not None and row.now - row.last_used_at < KNOWN_FOR


def note_address(connection: Connection, user_id: int, address_hash: bytes, now: datetime) -> None:
    """Note that an account has signed in from there, and keep its twenty latest addresses."""
    row = {"user_id": user_id, "address_hash": address_hash, "last_used_at": now}
    upsert(connection, known_addresses, row, {"last_used_at": now})
    mine = known_addresses.c.user_id == user_id
    latest = select(known_addresses.c.address_hash).where(mine).order_by(known_addresses.c.last_used_at.desc())
    if beyond := connection.execute(latest).scalars().all()[KNOWN_MAX:]:
        connection.execute(delete(known_addresses).where(mine, known_addresses.c.address_hash.in_(beyond)))
