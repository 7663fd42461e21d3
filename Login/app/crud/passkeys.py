"""Queries on passkeys and their challenges. Whoever adds or removes a passkey holds the account's row."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from app.crud.accounts import users
from app.crud.clock import utc_horizon, utc_now
from app.crud.operations import find_one, insert_row
from app.crud.second_factors import disable_totp, void_unneeded_codes
from app.models import Ceremony, Passkey, metadata

passkeys = metadata.tables["passkeys"]
ceremonies = metadata.tables["ceremonies"]

PASSKEYS_MAX = 20  # an account
CEREMONY_LIFETIME = timedelta(minutes=5)


class PasskeyRow(NamedTuple):
    """A passkey as the database has it."""

    id: int
    public_id: str
    user_id: int
    credential_id: bytes
    public_key: bytes
    name: str
    sign_count: int
    synced: bool
    transports: str
    created_at: datetime
    last_used_at: datetime | None
    client_address: str
    user_agent: str


_PASSKEYS = select(*(passkeys.c[name] for name in PasskeyRow._fields))


def list_passkeys(connection: Connection, user_id: int) -> list[PasskeyRow]:
    """List an account's passkeys, the oldest first."""
    query = _PASSKEYS.where(passkeys.c.user_id == user_id).order_by(passkeys.c.created_at, passkeys.c.id)
    return [PasskeyRow._make(row) for row in connection.execute(query)]


def count_passkeys(connection: Connection) -> int:
    """Count the passkeys of all accounts."""
    return connection.execute(select(func.count()).select_from(passkeys)).scalar_one()


def find_passkey(connection: Connection, credential_id: bytes) -> PasskeyRow | None:
    """Find the passkey that browsers know by this id."""
    return find_one(connection, _PASSKEYS.where(passkeys.c.credential_id == credential_id), PasskeyRow._make)


def get_passkey(connection: Connection, user_id: int, public_id: str) -> PasskeyRow | None:
    """Load one of an account's passkeys."""
    return find_one(connection, _PASSKEYS.where(_own(user_id, public_id)), PasskeyRow._make)


def insert_passkey(connection: Connection, passkey: Passkey) -> None:
    """Add a passkey; IntegrityError when its credential is known already."""
    insert_row(connection, passkey)
    _count(connection, passkey.user_id)


def rename_passkey(connection: Connection, user_id: int, public_id: str, name: str) -> bool:
    """Call one of an account's passkeys something else."""
    return connection.execute(update(passkeys).where(_own(user_id, public_id)).values(name=name)).rowcount == 1


def use_passkey(connection: Connection, passkey_id: int, sign_count: int, backed_up: bool, now: datetime) -> bool:
    """Note that a passkey has answered, if it is still there."""
    query = update(passkeys).where(passkeys.c.id == passkey_id)
    return connection.execute(query.values(sign_count=sign_count, backed_up=backed_up, last_used_at=now)).rowcount == 1


def remove_passkey(connection: Connection, user_id: int, public_id: str) -> bool:
    """Remove one of an account's passkeys; without any factor its recovery codes go too."""
    return _remove(connection, user_id, passkeys.c.public_id == public_id) == 1


def remove_passkeys_since(connection: Connection, user_id: int, since: datetime) -> int:
    """Remove an account's passkeys that were added then or later, as `remove_passkey` does."""
    return _remove(connection, user_id, passkeys.c.created_at >= since)


def remove_factors(connection: Connection, user_id: int) -> bool:
    """Leave an account without second factors and recovery codes; whether there was any."""
    had_passkeys = _remove(connection, user_id, passkeys.c.user_id == user_id) > 0
    return disable_totp(connection, user_id) or had_passkeys


def _remove(connection: Connection, user_id: int, which: ColumnElement[bool]) -> int:
    gone = connection.execute(delete(passkeys).where(passkeys.c.user_id == user_id, which)).rowcount
    _count(connection, user_id)
    void_unneeded_codes(connection, user_id)
    return gone


def _count(connection: Connection, user_id: int) -> None:
    number = select(func.count()).where(passkeys.c.user_id == user_id).scalar_subquery()
    connection.execute(update(users).where(users.c.id == user_id).values(passkey_count=number))


def _own(user_id: int, public_id: str) -> ColumnElement[bool]:
    return (passkeys.c.user_id == user_id) & (passkeys.c.public_id == public_id)


# --- challenges --------------------------------------------------------------------------------------------------


def insert_ceremony(connection: Connection, ceremony: Ceremony) -> None:
    """Keep a new challenge."""
    connection.execute(insert(ceremonies).values(ceremony.model_dump()))


def take_ceremony(
    connection: Connection, ceremony_hash: bytes, purpose: str, session_id: int | None, login_jti: str | None
) -> bytes | None:
    """Use up a live challenge of whoever asked for it, and return it; of rivals a single one gets it."""
    mine = (
        (ceremonies.c.ceremony_hash == ceremony_hash)
        & (ceremonies.c.purpose == purpose)
        & ceremonies.c.session_id.is_not_distinct_from(session_id)
        & ceremonies.c.login_jti.is_not_distinct_from(login_jti)
        & (ceremonies.c.expires_at > utc_now())
        & (ceremonies.c.expires_at <= utc_horizon(CEREMONY_LIFETIME))
    )
    challenge: bytes | None = connection.execute(select(ceremonies.c.challenge).where(mine)).scalar_one_or_none()
    taken = connection.execute(delete(ceremonies).where(mine)).rowcount == 1
    return challenge if taken else None
