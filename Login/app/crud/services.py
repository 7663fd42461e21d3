"""Queries on services, and the one query of a question about a token."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from app.crud.accounts import users
from app.crud.clock import is_void, utc_horizon
from app.crud.operations import NOW, find_one
from app.crud.prepared import Prepared
from app.crud.sessions import sessions
from app.models import Service, metadata

services = metadata.tables["services"]

OVERLAP = timedelta(hours=24)  # for which the secret before a rotation works on


class ServiceRow(NamedTuple):
    """A service as the database has it."""

    name: str
    scopes: str
    secret_hash: bytes
    former_hash: bytes | None
    created_at: datetime
    rotated_at: datetime
    last_used_at: datetime | None

    def find_former(self, now: datetime) -> bytes | None:
        """Return the hash of the secret before this one, while that works on."""
        overlaps = now - self.rotated_at < OVERLAP and not is_void(self.rotated_at, now)
        return self.former_hash if overlaps else None


class Subject(NamedTuple):
    """The account behind a token, as far as a service may be told of it."""

    public_id: str
    email: str
    email_verified_at: datetime | None
    username: str | None
    role: str
    disabled_at: datetime | None


class Standing(NamedTuple):
    """The session of a token: what says whether it is alive, and how it was proved."""

    sid: str
    generation: int
    last_seen_at: datetime
    authenticated_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    remember: bool
    amr: str | None


class Holder(NamedTuple):
    """Whose a token is, whatever the state of account and session; half the columns of a `Principal`."""

    account: Subject
    session: Standing
    now: datetime


class Asked(NamedTuple):
    """Who asks, and about whom if there is such a session."""

    service: ServiceRow
    holder: Holder | None
    now: datetime


_SERVICE = [services.c[name] for name in ServiceRow._fields]
_SUBJECT, _STANDING = [users.c[name] for name in Subject._fields], [sessions.c[name] for name in Standing._fields]
_ASKED = Prepared(
    select(*_SERVICE, *_SUBJECT, *_STANDING, NOW)
    .select_from(services)
    .outerjoin(sessions, sessions.c.sid == bindparam("sid"))
    .outerjoin(users, users.c.id == sessions.c.user_id)
    .where(services.c.name == bindparam("name"))
)
_HOLD = select(*_SERVICE).where(services.c.name == bindparam("name")).with_for_update()


def find_asked(connection: Connection, name: str, sid: str | None) -> Asked | None:
    """Load a service and the session that it asks about in one query, or None if there is no such service."""
    row = _ASKED.fetch(connection, name=name, sid=sid)
    if row is None:
        return None
    first, second = len(_SERVICE), len(_SERVICE) + len(_SUBJECT)
    service, subject, standing, now = ServiceRow(*row[:first]), row[first:second], row[second:-1], row[-1]
    known = subject[0] is not None
    return Asked(service, Holder(Subject(*subject), Standing(*standing), now) if known else None, now)


def list_services(connection: Connection) -> list[ServiceRow]:
    """List all services by name."""
    return [ServiceRow._make(row) for row in connection.execute(select(*_SERVICE).order_by(services.c.name))]


def hold_service(connection: Connection, name: str) -> ServiceRow | None:
    """Lock a service until the transaction ends, and load it."""
    return find_one(connection, _HOLD, ServiceRow._make, name=name)


def insert_service(connection: Connection, service: Service) -> None:
    """Add a service; IntegrityError when its name is taken."""
    connection.execute(insert(services).values(service.model_dump()))


def replace_secret(connection: Connection, name: str, secret_hash: bytes, former: bytes | None, now: datetime) -> None:
    """Give a service another secret, and keep the former one beside it."""
    query = update(services).where(services.c.name == name)
    connection.execute(query.values(secret_hash=secret_hash, former_hash=former, rotated_at=now))


def note_use(connection: Connection, name: str, now: datetime, before: datetime) -> None:
    """Note that a service has asked, unless that was noted later than `before`."""
    last = services.c.last_used_at
    query = update(services).where(services.c.name == name, or_(last.is_(None), last < before, last > utc_horizon()))
    connection.execute(query.values(last_used_at=now))


def delete_service(connection: Connection, name: str) -> None:
    """Remove a service."""
    connection.execute(delete(services).where(services.c.name == name))
