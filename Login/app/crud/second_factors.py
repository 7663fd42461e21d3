"""Queries on TOTP and recovery codes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, or_, select, update

from app.crud.accounts import users
from app.crud.clock import utc_horizon, utc_now
from app.crud.operations import current_time
from app.models import metadata

enrolments = metadata.tables["totp_enrolments"]
recovery_codes = metadata.tables["recovery_codes"]

ENROLMENT_LIFETIME = timedelta(minutes=10)


class CodesState(NamedTuple):
    """How many recovery codes are left, and whether their owner has said that they are saved."""

    left: int
    saved: bool


NO_CODES = CodesState(0, saved=True)


def spend_totp_step(connection: Connection, user_id: int, secret: str, step: int, latest: int) -> bool:
    """Take a step of this factor, once and only forward; one taken that lies beyond the `latest` possible is void."""
    last = users.c.totp_last_step
    unused = or_(last.is_(None), last < step, last > latest)
    query = update(users).where(users.c.id == user_id, users.c.totp_secret == secret, unused)
    return connection.execute(query.values(totp_last_step=step)).rowcount == 1


def enable_totp(connection: Connection, user_id: int, secret: str, step: int) -> bool:
    """Switch the factor on, never over an active one."""
    query = update(users).where(users.c.id == user_id, users.c.totp_secret.is_(None))
    return connection.execute(query.values(totp_secret=secret, totp_last_step=step)).rowcount == 1


def disable_totp(connection: Connection, user_id: int) -> bool:
    """Switch the factor off; without any other the recovery codes go too."""
    query = update(users).where(users.c.id == user_id, users.c.totp_secret.is_not(None))
    was_on = connection.execute(query.values(totp_secret=None, totp_last_step=None)).rowcount == 1
    void_unneeded_codes(connection, user_id)
    return was_on


def get_enrolment(connection: Connection, user_id: int) -> Any | None:  # noqa: ANN401 a row of columns
    """Load the set-up that an account has begun and that has not expired."""
    query = select(enrolments).where(enrolments.c.user_id == user_id, _has_not_expired())
    return connection.execute(query).one_or_none()


def replace_enrolment(connection: Connection, user_id: int, session_id: int, secret: str) -> None:
    """Begin a set-up in place of any other of the account."""
    drop_enrolment(connection, user_id)
    values = {"user_id": user_id, "session_id": session_id, "secret": secret}
    expires_at = current_time(connection) + ENROLMENT_LIFETIME
    connection.execute(insert(enrolments).values(**values, expires_at=expires_at))


def hand_enrolment_over(connection: Connection, session_id: int, to: int) -> None:
    """Let another session go on with the set-up that a session has begun."""
    connection.execute(update(enrolments).where(enrolments.c.session_id == session_id).values(session_id=to))


def take_enrolment(connection: Connection, user_id: int, session_id: int, secret: str) -> bool:
    """Use up exactly this set-up, once, if it has not expired."""
    query = delete(enrolments).where(
        enrolments.c.user_id == user_id,
        enrolments.c.session_id == session_id,
        enrolments.c.secret == secret,
        _has_not_expired(),
    )
    return connection.execute(query).rowcount == 1


def drop_enrolment(connection: Connection, user_id: int) -> None:
    """Forget a set-up that was begun."""
    connection.execute(delete(enrolments).where(enrolments.c.user_id == user_id))


def void_recovery_codes(connection: Connection, user_id: int) -> None:
    """Leave an account without recovery codes."""
    connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))


def void_unneeded_codes(connection: Connection, user_id: int) -> None:
    """Leave an account without recovery codes if it has no second factor that they could stand in for."""
    factor = or_(users.c.totp_secret.is_not(None), users.c.passkey_count > 0)
    guarded = exists().where(users.c.id == user_id, factor)
    connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id, ~guarded))


def replace_recovery_codes(
    connection: Connection, user_id: int, hashes: Sequence[bytes], salt: str, set_name: str
) -> None:
    """Give an account new recovery codes, which nobody has saved yet; the old ones stop working."""
    void_recovery_codes(connection, user_id)
    common = {"user_id": user_id, "salt": salt, "unsaved_set": set_name}
    connection.execute(insert(recovery_codes), [{**common, "code_hash": code_hash} for code_hash in hashes])


def note_saved_codes(connection: Connection, user_id: int, set_name: str) -> None:
    """Note that the owner has this set of recovery codes, if it is still the account's."""
    query = update(recovery_codes).where(recovery_codes.c.user_id == user_id, recovery_codes.c.unsaved_set == set_name)
    connection.execute(query.values(unsaved_set=None))


def get_recovery_salt(connection: Connection, user_id: int) -> str | None:
    """Load the salt of an account's recovery codes, if they have one."""
    query = select(recovery_codes.c.salt).where(recovery_codes.c.user_id == user_id).limit(1)
    salt: str | None = connection.execute(query).scalar_one_or_none()
    return salt


def spend_recovery_code(connection: Connection, user_id: int, code_hash: bytes, now: datetime) -> bool:
    """Take a recovery code, once."""
    query = update(recovery_codes).where(_is_unused(user_id), recovery_codes.c.code_hash == code_hash)
    return connection.execute(query.values(used_at=now)).rowcount == 1


def has_recovery_code(connection: Connection, user_id: int, code_hash: bytes) -> bool:
    """Whether this recovery code is there and unused."""
    query = select(recovery_codes.c.id).where(_is_unused(user_id), recovery_codes.c.code_hash == code_hash)
    return connection.execute(query).first() is not None


def count_recovery_codes(connection: Connection, user_id: int) -> int:
    """Count the recovery codes that are left."""
    return look_at_recovery_codes(connection, user_id).left


def look_at_recovery_codes(connection: Connection, user_id: int) -> CodesState:
    """Count the recovery codes that are left, and see whether their owner has them."""
    query = select(recovery_codes.c.used_at, recovery_codes.c.unsaved_set).where(recovery_codes.c.user_id == user_id)
    rows = connection.execute(query).all()
    return CodesState(sum(row.used_at is None for row in rows), all(row.unsaved_set is None for row in rows))


def _has_not_expired() -> ColumnElement[bool]:
    return and_(enrolments.c.expires_at > utc_now(), enrolments.c.expires_at <= utc_horizon(ENROLMENT_LIFETIME))


def _is_unused(user_id: int) -> ColumnElement[bool]:
    return and_(recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None))
