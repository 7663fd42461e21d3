"""Every query of the backend; each function takes a connection and belongs inside `Database.read` or `.transaction`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    String,
    and_,
    bindparam,
    case,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    table,
    update,
)

from app.clock import utc_now
from app.models import RecoveryCode, Session, TotpEnrolment, User, metadata

users = metadata.tables["users"]
sessions = metadata.tables["sessions"]
enrolments = metadata.tables["totp_enrolments"]
recovery_codes = metadata.tables["recovery_codes"]
used_tokens = metadata.tables["used_tokens"]


class Credentials(NamedTuple):
    """What an account proves itself with, as it stood at `now`."""

    id: int
    public_id: str
    email: str
    username: str | None
    password_hash: str | None
    password_changed_at: datetime
    totp_secret: str | None
    totp_last_step: int | None
    disabled_at: datetime | None
    now: datetime


class Account(NamedTuple):
    """What an authenticated call knows of the account."""

    id: int
    public_id: str
    email: str
    email_verified_at: datetime | None
    username: str | None
    phrase: str | None
    role: str
    created_at: datetime
    last_login_at: datetime | None
    disabled_at: datetime | None
    has_totp: bool


class SessionRow(NamedTuple):
    """A session as the database has it."""

    id: int
    sid: str
    generation: int
    rotated_at: datetime
    created_at: datetime
    last_seen_at: datetime
    authenticated_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    remember: bool
    client_address: str
    user_agent: str


class Principal(NamedTuple):
    """Who is calling: account and session, loaded together by the one query of an authenticated call."""

    account: Account
    session: SessionRow
    now: datetime


NOW = utc_now().label("now")
_CREDENTIALS = select(*(users.c[name] for name in Credentials._fields if name != "now"), NOW)
_ACCOUNT = [
    *(users.c[name] for name in Account._fields if name != "has_totp"),
    users.c.totp_secret.is_not(None).label("has_totp"),
]
_SESSION = [sessions.c[name] for name in SessionRow._fields]
_PRINCIPAL = select(*_ACCOUNT, *_SESSION, NOW).join_from(sessions, users).where(sessions.c.sid == bindparam("sid"))


def current_time(connection: Connection) -> datetime:
    """Ask the database's clock."""
    now: datetime = connection.execute(select(utc_now())).scalar_one()
    return now


def get_revision(connection: Connection) -> str | None:
    """Read which migration the schema is at; ProgrammingError or OperationalError without any schema."""
    revisions = table("alembic_version", column("version_num", String))
    found: str | None = connection.execute(select(func.max(revisions.c.version_num))).scalar_one()
    return found


# --- accounts ----------------------------------------------------------------------------------------------------


def insert_user(connection: Connection, user: User) -> int:
    """Add an account; IntegrityError when its email or username is taken."""
    return _insert(connection, user)


def find_taken(connection: Connection, email_key: str | None, username_key: str | None, own: int = 0) -> str | None:
    """Say which column an account other than `own` holds already: `email_key`, `username_key` or neither."""
    for name, key in (("email_key", email_key), ("username_key", username_key)):
        query = select(users.c.id).where(users.c[name] == key, users.c.id != own)
        if key is not None and connection.execute(query).first():
            return name
    return None


def find_credentials(connection: Connection, keys: dict[str, str]) -> Credentials | None:
    """Find the account that every given identifier means."""
    query = _CREDENTIALS.where(*(users.c[name] == key for name, key in keys.items()))
    row = connection.execute(query).one_or_none()
    return None if row is None else Credentials._make(row)


def get_credentials(connection: Connection, user_id: int) -> Credentials | None:
    """Load the credentials of a known account."""
    row = connection.execute(_CREDENTIALS.where(users.c.id == user_id)).one_or_none()
    return None if row is None else Credentials._make(row)


def update_user(connection: Connection, user_id: int, **values: object) -> bool:
    """Change columns of an account that still exists; IntegrityError when an identifier is taken."""
    return connection.execute(update(users).where(users.c.id == user_id).values(values)).rowcount == 1


def confirm_password(connection: Connection, user_id: int, password_hash: str) -> bool:
    """Hold the account's row if its password is still the one that was checked, and the account is not disabled."""
    query = select(users.c.id).where(
        users.c.id == user_id, users.c.password_hash == password_hash, users.c.disabled_at.is_(None)
    )
    return connection.execute(query.with_for_update()).first() is not None


def hold_user(connection: Connection, user_id: int, *, with_totp: bool = False) -> bool:
    """Lock an account's row until the transaction ends, if it is there (and has a second factor)."""
    query = select(users.c.id).where(users.c.id == user_id)
    if with_totp:
        query = query.where(users.c.totp_secret.is_not(None))
    return connection.execute(query.with_for_update()).first() is not None


def delete_user(connection: Connection, user_id: int) -> bool:
    """Remove an account with all that belongs to it (foreign keys cascade)."""
    return connection.execute(delete(users).where(users.c.id == user_id)).rowcount == 1


# --- sessions ----------------------------------------------------------------------------------------------------


def insert_session(connection: Connection, session: Session) -> int:
    """Add a session."""
    return _insert(connection, session)


def get_principal(connection: Connection, sid: str) -> Principal | None:
    """Load session and account in one query."""
    row = connection.execute(_PRINCIPAL, {"sid": sid}).one_or_none()
    if row is None:
        return None
    width = len(_ACCOUNT)
    return Principal(Account(*row[:width]), SessionRow(*row[width:-1]), row[-1])


def rotate_session(connection: Connection, sid: str, generation: int, now: datetime, seen: dict[str, str]) -> bool:
    """Move a live session to its next generation; of rivals for one generation a single one succeeds."""
    query = update(sessions).where(
        sessions.c.sid == sid, sessions.c.generation == generation, sessions.c.ended_at.is_(None)
    )
    moved = {"generation": generation + 1, "rotated_at": now, "last_seen_at": now, **seen}
    return connection.execute(query.values(moved)).rowcount == 1


def touch_session(connection: Connection, session_id: int, now: datetime, seen: dict[str, str]) -> None:
    """Note that a session is in use."""
    query = update(sessions).where(sessions.c.id == session_id, sessions.c.last_seen_at < now)
    connection.execute(query.values(last_seen_at=now, **seen))


def freshen_session(connection: Connection, session_id: int, now: datetime) -> bool:
    """Note that the person has just proved who they are."""
    query = update(sessions).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    return connection.execute(query.values(authenticated_at=now)).rowcount == 1


def end_session(connection: Connection, sid: str, reason: str, now: datetime) -> bool:
    """End one live session."""
    return _end(connection, reason, now, sessions.c.sid == sid) == 1


def end_own_session(connection: Connection, user_id: int, sid: str, reason: str, now: datetime) -> bool:
    """End one live session if it is this account's."""
    return _end(connection, reason, now, and_(sessions.c.sid == sid, sessions.c.user_id == user_id)) == 1


def end_sessions(connection: Connection, user_id: int, reason: str, now: datetime, *, keep: int | None = None) -> int:
    """End an account's live sessions, all but `keep`, and return how many."""
    which = and_(sessions.c.user_id == user_id, sessions.c.id != keep) if keep else sessions.c.user_id == user_id
    return _end(connection, reason, now, which)


def list_sessions(connection: Connection, user_id: int, idle: datetime, idle_remembered: datetime) -> list[SessionRow]:
    """List an account's live sessions, the last seen first, at most a hundred."""
    query = (
        select(*_SESSION)
        .where(
            sessions.c.user_id == user_id,
            sessions.c.ended_at.is_(None),
            sessions.c.expires_at > utc_now(),
            sessions.c.last_seen_at > case((sessions.c.remember, idle_remembered), else_=idle),
        )
        .order_by(sessions.c.last_seen_at.desc(), sessions.c.id.desc())
        .limit(100)
    )
    return [SessionRow._make(row) for row in connection.execute(query)]


def _end(connection: Connection, reason: str, now: datetime, which: Any) -> int:  # noqa: ANN401 a condition
    query = update(sessions).where(which, sessions.c.ended_at.is_(None))
    return connection.execute(query.values(ended_at=now, end_reason=reason)).rowcount


# --- second factor -----------------------------------------------------------------------------------------------


def spend_totp_step(connection: Connection, user_id: int, secret: str, step: int) -> bool:
    """Take a step of this factor, once and only forward."""
    unused = or_(users.c.totp_last_step.is_(None), users.c.totp_last_step < step)
    query = update(users).where(users.c.id == user_id, users.c.totp_secret == secret, unused)
    return connection.execute(query.values(totp_last_step=step)).rowcount == 1


def enable_totp(connection: Connection, user_id: int, secret: str, step: int) -> bool:
    """Switch the factor on, never over an active one."""
    query = update(users).where(users.c.id == user_id, users.c.totp_secret.is_(None))
    return connection.execute(query.values(totp_secret=secret, totp_last_step=step)).rowcount == 1


def disable_totp(connection: Connection, user_id: int) -> bool:
    """Switch the factor off and forget its recovery codes."""
    connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    query = update(users).where(users.c.id == user_id, users.c.totp_secret.is_not(None))
    return connection.execute(query.values(totp_secret=None, totp_last_step=None)).rowcount == 1


def get_enrolment(connection: Connection, user_id: int) -> Any | None:  # noqa: ANN401 a row of columns
    """Load the set-up that an account has begun and that has not expired."""
    query = select(enrolments).where(enrolments.c.user_id == user_id, enrolments.c.expires_at > utc_now())
    return connection.execute(query).one_or_none()


def replace_enrolment(connection: Connection, enrolment: TotpEnrolment) -> None:
    """Begin a set-up in place of any other of the account."""
    connection.execute(delete(enrolments).where(enrolments.c.user_id == enrolment.user_id))
    connection.execute(insert(enrolments).values(enrolment.model_dump()))


def take_enrolment(connection: Connection, user_id: int, session_id: int, secret: str) -> bool:
    """Use up exactly this set-up, once, if it has not expired."""
    query = delete(enrolments).where(
        enrolments.c.user_id == user_id,
        enrolments.c.session_id == session_id,
        enrolments.c.secret == secret,
        enrolments.c.expires_at > utc_now(),
    )
    return connection.execute(query).rowcount == 1


def replace_recovery_codes(connection: Connection, user_id: int, hashes: Sequence[bytes]) -> None:
    """Give an account new recovery codes; the old ones stop working."""
    connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    rows = [RecoveryCode(user_id=user_id, code_hash=code_hash).model_dump(exclude={"id"}) for code_hash in hashes]
    connection.execute(insert(recovery_codes), rows)


def spend_recovery_code(connection: Connection, user_id: int, code_hash: bytes, now: datetime) -> bool:
    """Take a recovery code, once."""
    query = update(recovery_codes).where(
        recovery_codes.c.user_id == user_id, recovery_codes.c.code_hash == code_hash, recovery_codes.c.used_at.is_(None)
    )
    return connection.execute(query.values(used_at=now)).rowcount == 1


def has_recovery_code(connection: Connection, user_id: int, code_hash: bytes) -> bool:
    """Whether this recovery code is there and unused."""
    query = _unused_codes(user_id).where(recovery_codes.c.code_hash == code_hash)
    return connection.execute(query).scalar_one() == 1


def count_recovery_codes(connection: Connection, user_id: int) -> int:
    """Count the recovery codes that are left."""
    return connection.execute(_unused_codes(user_id)).scalar_one()


def _unused_codes(user_id: int) -> Select[int]:
    return (
        select(func.count())
        .select_from(recovery_codes)
        .where(recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None))
    )


# --- single use --------------------------------------------------------------------------------------------------


def spend_token(connection: Connection, jti: str, expires_at: datetime) -> None:
    """Note that a single-use token has been used; IntegrityError when it was used before."""
    connection.execute(insert(used_tokens).values(jti=jti, expires_at=expires_at))


def _insert(connection: Connection, row: User | Session) -> int:
    target = metadata.tables[str(row.__tablename__)]
    result = connection.execute(insert(target).values(row.model_dump(exclude={"id"})).returning(target.c.id))
    return int(result.scalar_one())
