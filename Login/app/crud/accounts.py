"""Queries on accounts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, select, update

from app.crud.operations import NOW, find_one, insert_row
from app.crud.prepared import Prepared
from app.models import User, metadata

users = metadata.tables["users"]


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
    passkey_count: int
    email_verified_at: datetime | None
    disabled_at: datetime | None
    now: datetime

    @property
    def has_totp(self) -> bool:
        """Whether an authenticator app is set up."""
        return self.totp_secret is not None

    @property
    def has_factor(self) -> bool:
        """Whether the password alone does not sign in."""
        return self.has_totp or self.passkey_count > 0


class Addressee(NamedTuple):
    """An account as mails to it need it, the links in them, and operators: no hash and no secret."""

    id: int
    public_id: str
    email: str
    email_key: str
    email_verified_at: datetime | None
    username: str | None
    phrase: str | None
    language: str | None
    role: str
    password_changed_at: datetime
    created_at: datetime
    opened_from: str | None
    last_login_at: datetime | None
    disabled_at: datetime | None
    passkey_count: int
    has_totp: bool

    @property
    def has_factor(self) -> bool:
        """Whether the password alone does not sign in."""
        return self.has_totp or self.passkey_count > 0

    @property
    def is_proved(self) -> bool:
        """Whether somebody has shown to read this mailbox: else it may be a stranger's."""
        return self.email_verified_at is not None


class Account(NamedTuple):
    """What an authenticated call knows of the account."""

    id: int
    public_id: str
    email: str
    email_verified_at: datetime | None
    username: str | None
    phrase: str | None
    language: str | None
    role: str
    created_at: datetime
    last_login_at: datetime | None
    disabled_at: datetime | None
    passkey_count: int
    has_totp: bool

    @property
    def has_factor(self) -> bool:
        """Whether the password alone does not sign in."""
        return self.has_totp or self.passkey_count > 0


def list_columns(fields: Iterable[str]) -> list[ColumnElement[Any]]:
    """Return what a row of these fields reads of an account: its columns, and of a secret only whether there is one."""
    has_totp = users.c.totp_secret.is_not(None).label("has_totp")
    return [has_totp if name == "has_totp" else users.c[name] for name in fields]


ADDRESSEE = select(*list_columns(Addressee._fields))
_CREDENTIALS = select(*(users.c[name] for name in Credentials._fields if name != "now"), NOW)
_NOTE_LOGIN = Prepared(
    update(users)
    .where(users.c.id == bindparam("of_id"))
    .values(last_login_at=bindparam("now", type_=users.c.last_login_at.type))
)
_HOLD = _CREDENTIALS.where(users.c.id == bindparam("id")).with_for_update()


def insert_user(connection: Connection, user: User) -> int:
    """Add an account; IntegrityError when its email or username is taken."""
    return insert_row(connection, user)


def find_taken(connection: Connection, email_key: str | None, username_key: str | None, own: int = 0) -> str | None:
    """Say which column an account other than `own` holds already: `email_key`, `username_key` or neither."""
    for name, key in (("email_key", email_key), ("username_key", username_key)):
        query = select(users.c.id).where(users.c[name] == key, users.c.id != own)
        if key is not None and connection.execute(query).first():
            return name
    return None


def find_credentials(connection: Connection, keys: Mapping[str, object]) -> Credentials | None:
    """Find the account that has every one of these: `id`, `public_id`, `email_key`, `username_key`."""
    return find_one(connection, _find_by(tuple(keys)), Credentials._make, **keys)


@cache
def _find_by(names: tuple[str, ...]) -> Select[Any]:
    return _CREDENTIALS.where(*(users.c[name] == bindparam(name) for name in names))


def has_account(connection: Connection, public_id: str) -> bool:
    """Whether there is an account of this id."""
    return connection.execute(select(users.c.id).where(users.c.public_id == public_id)).first() is not None


def get_addressee(connection: Connection, user_id: int) -> Addressee | None:
    """Load whom mails about an account go to."""
    return find_one(connection, ADDRESSEE.where(users.c.id == user_id), Addressee._make)


def find_addressee(connection: Connection, email_key: str) -> Addressee | None:
    """Find whose address this is."""
    return find_one(connection, ADDRESSEE.where(users.c.email_key == email_key), Addressee._make)


def update_user(connection: Connection, user_id: int, **values: object) -> bool:
    """Change columns of an account that still exists; IntegrityError when an identifier is taken."""
    return connection.execute(update(users).where(users.c.id == user_id).values(values)).rowcount == 1


def note_login(connection: Connection, user_id: int, now: datetime) -> None:
    """Note when somebody has signed in last."""
    _NOTE_LOGIN.count(connection, of_id=user_id, now=now)


def hold_credentials(connection: Connection, user_id: int) -> Credentials | None:
    """Lock an account's row until the transaction ends, and load its credentials."""
    return find_one(connection, _HOLD, Credentials._make, id=user_id)


def replace_hash(connection: Connection, user_id: int, old: str, new: str) -> None:
    """Put another hash of the same password in the place of one, unless that has changed meanwhile."""
    connection.execute(
        update(users).where(users.c.id == user_id, users.c.password_hash == old).values(password_hash=new)
    )


def hold_user(connection: Connection, user_id: int) -> bool:
    """Lock an account's row until the transaction ends, if it is there."""
    query = select(users.c.id).where(users.c.id == user_id)
    return connection.execute(query.with_for_update()).first() is not None


def delete_user(connection: Connection, user_id: int) -> bool:
    """Remove an account with all that belongs to it (foreign keys cascade)."""
    return connection.execute(delete(users).where(users.c.id == user_id)).rowcount == 1
