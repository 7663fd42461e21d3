"""Queries on counters of guesses, and on the addresses from which accounts have signed in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, delete, literal_column, select, update

from app.crud.clock import SLACK, is_void, utc_horizon, utc_now
from app.crud.operations import NOW, Upsert
from app.crud.prepared import Prepared
from app.models import metadata
from app.throttling.limits import Tally

attempts = metadata.tables["attempts"]
known_addresses = metadata.tables["known_addresses"]

Keys: TypeAlias = Mapping[bytes, bytes | None]  # each counter's row, and that of the window before it
Tallies: TypeAlias = dict[bytes, tuple[Tally, datetime]]
Found: TypeAlias = dict[bytes, Sequence[Any]]  # rows by their keys

KNOWN_MAX = 20  # addresses an account
KNOWN_FOR = timedelta(days=90)

_SAVED = ("key_hash", "count", "window_started_at", "last_at", "expires_at")
_TALLY = (attempts.c.count, attempts.c.window_started_at, attempts.c.last_at)
# Written once, as all statements of a login are: to put them together anew costs as much as to run them.
_LIST = select(attempts.c.key_hash, *_TALLY, NOW).where(attempts.c.key_hash.in_(bindparam("keys", expanding=True)))
_DELETE = delete(attempts).where(attempts.c.key_hash.in_(bindparam("keys", expanding=True)))
_GIVE_BACK = (
    update(attempts)
    .where(attempts.c.key_hash.in_(bindparam("keys", expanding=True)), attempts.c.count > 0)
    .values(count=attempts.c.count - 1)
)
_HERE = (known_addresses.c.user_id == bindparam("user_id"), known_addresses.c.address_hash == bindparam("address_hash"))
_USED = known_addresses.c.last_used_at
_KNOWN = select(_USED, NOW).where(*_HERE)
# Both in one question, in the form of the counters': where the database is far away, questions are what takes time.
_LOOK = _LIST.union_all(select(known_addresses.c.address_hash, literal_column("0"), _USED, _USED, NOW).where(*_HERE))

_NOW = bindparam("now", type_=known_addresses.c.last_used_at.type)
_RENEW = Prepared(
    update(known_addresses)
    .where(
        known_addresses.c.user_id == bindparam("of_user_id"),
        known_addresses.c.address_hash == bindparam("of_address_hash"),
        known_addresses.c.last_used_at > bindparam("since", type_=known_addresses.c.last_used_at.type),
        known_addresses.c.last_used_at <= bindparam("horizon", type_=known_addresses.c.last_used_at.type),
    )
    .values(last_used_at=_NOW)
)
_NOTE = Upsert(
    known_addresses,
    [{"user_id": bindparam("user_id"), "address_hash": bindparam("address_hash"), "last_used_at": _NOW}],
    {"last_used_at": _NOW},
)


@cache
def _hold(number: int) -> Upsert:
    """Lock so many rows, or the places where they will be: rivals wait here, and each sees the count of the last."""
    moments = dict.fromkeys(("window_started_at", "last_at", "expires_at"), utc_now())
    rows = [{"key_hash": bindparam(f"key_{n}"), "count": 0, **moments} for n in range(number)]
    return Upsert(attempts, rows, {"count": attempts.c.count}, [attempts.c.key_hash, *_TALLY, NOW])


@cache
def _save(number: int) -> Upsert:
    rows = [{name: bindparam(f"{name}_{n}", type_=attempts.c[name].type) for name in _SAVED} for n in range(number)]
    return Upsert(attempts, rows, _SAVED[1:])


def list_tallies(connection: Connection, keys: Keys) -> Tallies:
    """Read the counters that exist, by their keys, each with the time."""
    return _pick({row[0]: row[1:] for row in connection.execute(_LIST, {"keys": _list_rows(keys)})}, keys)


def look(connection: Connection, keys: Keys, user_id: int, address_hash: bytes) -> tuple[Tallies, bool]:
    """Read the same, and whether an account has signed in from an address within the last 90 days."""
    wanted = {"keys": _list_rows(keys), "user_id": user_id, "address_hash": address_hash}
    found: Found = {row[0]: row[1:] for row in connection.execute(_LOOK, wanted)}
    *_, last_used_at, now = found.get(address_hash, (None, None))
    return _pick(found, keys), last_used_at is not None and _is_known(last_used_at, now)


def _list_rows(keys: Keys) -> list[bytes]:
    return [*keys, *(before for before in keys.values() if before)]


def _pick(found: Found, keys: Keys) -> Tallies:
    return {key: _join(found[key], found.get(before or b"")) for key, before in keys.items() if key in found}


def hold_tallies(connection: Connection, keys: Keys) -> Tallies:
    """Lock counters until the transaction ends, making them if need be, and read them and the time.

    One order for all, so that no two wait for each other; who holds a counter holds the window before it as well.
    """
    held = _hold(len(keys)).run(connection, **{f"key_{n}": key for n, key in enumerate(sorted(keys))})
    found: Found = {row[0]: row[1:] for row in held}
    if befores := [before for before in keys.values() if before]:
        found |= {row[0]: row[1:] for row in connection.execute(_LIST, {"keys": befores})}
    return {key: _join(found[key], found.get(before or b"")) for key, before in keys.items()}


def _join(row: Sequence[Any], before: Sequence[Any] | None) -> tuple[Tally, datetime]:
    count, since, last, now = row
    earlier = (before[0], before[2]) if before is not None and before[0] else ()
    return Tally(count, since, last, *earlier), now


def save_tallies(connection: Connection, keys: Keys, counted: Mapping[bytes, tuple[Tally, timedelta]]) -> None:
    """Write counters that are held, each with how long its last guess counts."""
    rows = [
        (key, tally.guesses, tally.since, tally.last, tally.last + lasts) for key, (tally, lasts) in counted.items()
    ]
    for key, (tally, lasts) in counted.items():
        if (before := keys[key]) and (last := tally.before_last):
            rows.append((before, tally.before, last, last, last + lasts))
    values = {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in zip(_SAVED, row, strict=True)}
    _save(len(rows)).run(connection, **values)


def give_back(connection: Connection, keys: Collection[bytes]) -> None:
    """Take one from counters: what they counted before it was judged was no failure."""
    connection.execute(_GIVE_BACK, {"keys": keys})


def delete_tallies(connection: Connection, keys: Collection[bytes]) -> None:
    """Forget counters."""
    connection.execute(_DELETE, {"keys": keys})


def is_known_address(connection: Connection, user_id: int, address_hash: bytes) -> bool:
    """Whether this account has signed in from there within the last 90 days."""
    row = connection.execute(_KNOWN, {"user_id": user_id, "address_hash": address_hash}).one_or_none()
    return row is not None and _is_known(row.last_used_at, row.now)


def _is_known(last_used_at: datetime, now: datetime) -> bool:
    return now - last_used_at < KNOWN_FOR and not is_void(last_used_at, now)


def renew_address(connection: Connection, user_id: int, address_hash: bytes, now: datetime) -> bool:
    """Note that an account has signed in from there once more; False when it has not within the last 90 days."""
    bounds = {"since": now - KNOWN_FOR, "horizon": now + SLACK}
    return _RENEW.count(connection, of_user_id=user_id, of_address_hash=address_hash, now=now, **bounds) == 1


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
