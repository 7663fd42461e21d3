"""Queries on counters of guesses, and on the addresses from which accounts have signed in."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from app.clock import is_void, utc_horizon, utc_now
from app.crud.operations import NOW, Upsert
from app.limits import Tally
from app.models import metadata

attempts = metadata.tables["attempts"]
known_addresses = metadata.tables["known_addresses"]

KNOWN_MAX = 20  # addresses an account
KNOWN_FOR = timedelta(days=90)

_TALLY = (attempts.c.count, attempts.c.window_started_at, attempts.c.last_at)
# Written once, as all statements of a login are: to put them together anew costs as much as to run them.
_LIST = select(attempts.c.key_hash, *_TALLY, NOW).where(attempts.c.key_hash.in_(bindparam("keys", expanding=True)))
_SAVE = (
    update(attempts)
    .where(attempts.c.key_hash == bindparam("key"))
    .values({name: bindparam(name) for name in ("count", "window_started_at", "last_at", "expires_at")})
)
_DELETE = delete(attempts).where(attempts.c.key_hash.in_(bindparam("keys", expanding=True)))
# The upsert locks the row, or the place where it will be, so rivals wait here and each sees the count of the last.
_HOLD = Upsert(
    attempts,
    {
        "key_hash": bindparam("key"),
        "count": 0,
        **dict.fromkeys(("window_started_at", "last_at", "expires_at"), utc_now()),
    },
    {"count": attempts.c.count},
    [*_TALLY, NOW],
)
_KNOWN = select(known_addresses.c.last_used_at, NOW).where(
    known_addresses.c.user_id == bindparam("user_id"), known_addresses.c.address_hash == bindparam("address_hash")
)

_NOW = bindparam("now", type_=known_addresses.c.last_used_at.type)
_NOTE = Upsert(
    known_addresses,
    {"user_id": bindparam("user_id"), "address_hash": bindparam("address_hash"), "last_used_at": _NOW},
    {"last_used_at": _NOW},
    [known_addresses.c.last_used_at],
)


def list_tallies(connection: Connection, keys: Collection[bytes]) -> dict[bytes, tuple[Tally, datetime]]:
    """Read the counters that exist, by their keys, each with the time."""
    found = connection.execute(_LIST, {"keys": keys})
    return {key: (Tally(*tally), now) for key, *tally, now in found}


def hold_tally(connection: Connection, key: bytes) -> tuple[Tally, datetime]:
    """Lock a counter until the transaction ends, making it if need be, and read it and the time."""
    count, since, last, now = _HOLD.run(connection, key=key)
    return Tally(count, since, last), now


def save_tally(connection: Connection, key: bytes, tally: Tally, expires_at: datetime) -> None:
    """Write a counter that is held."""
    values = {"count": tally.guesses, "window_started_at": tally.since, "last_at": tally.last, "expires_at": expires_at}
    connection.execute(_SAVE, {"key": key, **values})


def delete_tallies(connection: Connection, keys: Collection[bytes]) -> None:
    """Forget counters."""
    if keys:
        connection.execute(_DELETE, {"keys": keys})


def is_known_address(connection: Connection, user_id: int, address_hash: bytes) -> bool:
    """Whether this account has signed in from there within the last 90 days."""
    row = connection.execute(_KNOWN, {"user_id": user_id, "address_hash": address_hash}).one_or_none()
    return row is not None and row.now - row.last_used_at < KNOWN_FOR and not is_void(row.last_used_at, row.now)


def note_address(connection: Connection, user_id: int, address_hash: bytes, now: datetime) -> None:
    """Note that an account has signed in from there."""
    _NOTE.run(connection, user_id=user_id, address_hash=address_hash, now=now)


def forget_addresses(connection: Connection, user_id: int) -> None:
    """Keep an account's twenty latest addresses."""
    mine = known_addresses.c.user_id == user_id
    used = known_addresses.c.last_used_at
    latest = select(known_addresses.c.address_hash).where(mine).order_by(used > utc_horizon(), used.desc())
    if beyond := connection.execute(latest).scalars().all()[KNOWN_MAX:]:
        connection.execute(delete(known_addresses).where(mine, known_addresses.c.address_hash.in_(beyond)))
