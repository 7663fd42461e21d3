"""Queries on sessions, and the one query of an authenticated call."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, case, literal_column, or_, select, update

from app.crud.accounts import Account, list_columns, users
from app.crud.clock import utc_horizon, utc_now
from app.crud.operations import NOW, find_one, insert_row
from app.crud.prepared import Prepared
from app.models import Session, metadata

sessions = metadata.tables["sessions"]


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
    amr: str | None


class Principal(NamedTuple):
    """Who is calling: account and session, loaded together by the one query of an authenticated call."""

    account: Account
    session: SessionRow
    now: datetime


_ACCOUNT = list_columns(Account._fields)
_SESSION = [sessions.c[name] for name in SessionRow._fields]
_PRINCIPAL = Prepared(
    select(*_ACCOUNT, *_SESSION, NOW).join_from(sessions, users).where(sessions.c.sid == bindparam("sid"))
)
_HOLD = select(*_SESSION).where(sessions.c.sid == bindparam("sid"), sessions.c.ended_at.is_(None)).with_for_update()
SESSIONS_MAX = 100  # live ones, an account
PROMPT = timedelta(seconds=5)  # as long as database.py waits for an answer
_NOW = bindparam("now", type_=sessions.c.rotated_at.type)
_ROTATE = Prepared(
    update(sessions)
    .where(
        sessions.c.sid == bindparam("of_sid"),
        sessions.c.generation == bindparam("of_generation"),
        sessions.c.ended_at.is_(None),
        utc_now() < bindparam("void_at", type_=sessions.c.rotated_at.type),
    )
    .values(
        generation=sessions.c.generation + literal_column("1"),
        rotated_at=_NOW,
        last_seen_at=_NOW,
        client_address=bindparam("client_address"),
        user_agent=bindparam("user_agent"),
    )
)
_SURPLUS = (
    select(sessions.c.id)
    .where(sessions.c.user_id == bindparam("user_id"), sessions.c.ended_at.is_(None))
    .order_by(sessions.c.last_seen_at.desc(), sessions.c.id.desc())
    .limit(2 * SESSIONS_MAX)
    .offset(SESSIONS_MAX)
)


def insert_session(connection: Connection, session: Session) -> int:
    """Add a session."""
    return insert_row(connection, session)


def end_surplus(connection: Connection, user_id: int, reason: str, now: datetime) -> int:
    """End those of an account's live sessions beyond a hundred that were not used for longest, and return how many."""
    surplus = connection.execute(_SURPLUS, {"user_id": user_id}).scalars().all()
    return _end(connection, reason, now, sessions.c.id.in_(surplus)) if surplus else 0


def get_principal(connection: Connection, sid: str) -> Principal | None:
    """Load session and account in one query."""
    row = _PRINCIPAL.fetch(connection, sid=sid)
    if row is None:
        return None
    width = len(_ACCOUNT)
    return Principal(Account(*row[:width]), SessionRow(*row[width:-1]), row[-1])


def hold_session(connection: Connection, sid: str) -> SessionRow | None:
    """Lock a session that has not ended until the transaction ends, and load it."""
    return find_one(connection, _HOLD, SessionRow._make, sid=sid)


def rotate_session(connection: Connection, sid: str, generation: int, now: datetime, seen: dict[str, str]) -> bool:
    """Move a live session to its next generation; of rivals for one generation a single one succeeds.

    None does that the database comes to only when nobody waits for the answer any more: the token would never arrive.
    """
    values = {"of_sid": sid, "of_generation": generation, "now": now, "void_at": now + PROMPT, **seen}
    return _ROTATE.count(connection, **values) == 1


def touch_session(connection: Connection, session_id: int, moments: dict[str, datetime], seen: dict[str, str]) -> None:
    """Note that a session is in use, unless somebody has noted later use."""
    last = sessions.c.last_seen_at
    query = update(sessions).where(
        sessions.c.id == session_id, or_(last < moments["last_seen_at"], last > utc_horizon())
    )
    connection.execute(query.values(**moments, **seen))


def make_others_stale(connection: Connection, user_id: int, keep: int, before: datetime) -> None:
    """Let no session of an account but `keep` count as proved later than this."""
    query = update(sessions).where(
        sessions.c.user_id == user_id, sessions.c.id != keep, sessions.c.authenticated_at > before
    )
    connection.execute(query.values(authenticated_at=before))


def end_session(connection: Connection, sid: str, reason: str, now: datetime) -> bool:
    """End one live session."""
    return _end(connection, reason, now, sessions.c.sid == sid) == 1


def end_own_session(connection: Connection, user_id: int, sid: str, reason: str, now: datetime) -> bool:
    """End one live session if it is this account's."""
    return _end(connection, reason, now, sessions.c.sid == sid, sessions.c.user_id == user_id) == 1


def end_sessions(connection: Connection, user_id: int, reason: str, now: datetime, *, keep: int | None = None) -> int:
    """End an account's live sessions, all but `keep`, and return how many."""
    others = [sessions.c.id != keep] if keep else []
    return _end(connection, reason, now, sessions.c.user_id == user_id, *others)


def list_sessions(
    connection: Connection, user_id: int, idle: datetime, idle_remembered: datetime, first: int = 0
) -> list[SessionRow]:
    """List an account's live sessions, at most a hundred: `first` before all others, then the last seen."""
    query = (
        select(*_SESSION)
        .where(
            sessions.c.user_id == user_id,
            sessions.c.ended_at.is_(None),
            sessions.c.expires_at > utc_now(),
            sessions.c.last_seen_at > case((sessions.c.remember, idle_remembered), else_=idle),
        )
        .order_by((sessions.c.id == first).desc(), sessions.c.last_seen_at.desc(), sessions.c.id.desc())
        .limit(SESSIONS_MAX)
    )
    return [SessionRow._make(row) for row in connection.execute(query)]


def _end(connection: Connection, reason: str, now: datetime, *which: ColumnElement[bool]) -> int:
    query = update(sessions).where(*which, sessions.c.ended_at.is_(None))
    return connection.execute(query.values(ended_at=now, end_reason=reason)).rowcount
