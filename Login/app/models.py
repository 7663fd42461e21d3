"""Every table of the suite; a leaf that imports nothing of ours but `columns.py`, so that CreateDB can share it.

What identifies a person is a `*_key` column, made by `identifiers.py`; the column beside it keeps what was typed.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.columns import CredentialId, Digest, EventId, PublicKey, RowId, Table, UtcDateTime, belongs_to, with_options

metadata = Table.metadata


class User(Table, table=True):
    """A person's account."""

    __tablename__ = "users"

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    public_id: str = Field(sa_type=sa.String(32), unique=True)
    email: str = Field(sa_type=sa.String(254))
    email_key: str = Field(sa_type=sa.String(254), unique=True)
    email_verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    username: str | None = Field(default=None, sa_type=sa.String(50))
    username_key: str | None = Field(default=None, sa_type=sa.String(50), unique=True)
    password_hash: str | None = Field(default=None, sa_type=sa.String(255))
    password_changed_at: datetime = Field(sa_type=UtcDateTime)
    phrase: str | None = Field(default=None, sa_type=sa.String(255))
    language: str | None = Field(default=None, sa_type=sa.String(16))
    role: str = Field(default="user", sa_type=sa.String(32))
    totp_secret: str | None = Field(default=None, sa_type=sa.String(255))
    totp_last_step: int | None = Field(default=None, sa_type=sa.BigInteger)
    passkey_count: int = Field(default=0, sa_type=sa.Integer, sa_column_kwargs={"server_default": sa.text("0")})
    created_at: datetime = Field(sa_type=UtcDateTime)
    opened_from: str | None = Field(default=None, sa_type=sa.String(350))
    last_login_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Session(Table, table=True):
    """One login on one device; refresh tokens are computed from it, never stored."""

    __tablename__ = "sessions"
    __table_args__ = with_options(sa.Index(None, "user_id", "ended_at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    sid: str = Field(sa_type=sa.String(32), unique=True)
    user_id: int = belongs_to("users")
    generation: int = Field(default=0, sa_type=sa.Integer)
    rotated_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    authenticated_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end_reason: str | None = Field(default=None, sa_type=sa.String(32))
    remember: bool = Field(default=False, sa_type=sa.Boolean)
    client_address: str = Field(default="", sa_type=sa.String(45))
    user_agent: str = Field(default="", sa_type=sa.String(255))
    amr: str | None = Field(default=None, sa_type=sa.String(32))


class TotpEnrolment(Table, table=True):
    """A second factor being set up: its secret, encrypted, until `confirm` or ten minutes later."""

    __tablename__ = "totp_enrolments"

    user_id: int = belongs_to("users", primary_key=True)
    session_id: int = belongs_to("sessions", index=True)
    secret: str = Field(sa_type=sa.String(255))
    expires_at: datetime = Field(sa_type=UtcDateTime)


class Passkey(Table, table=True):
    """A person's key in the sense of WebAuthn: its public half, so nothing here is a secret.

    How many an account has stands in its own row too: one lock then decides over all of its factors.
    """

    __tablename__ = "passkeys"

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    public_id: str = Field(sa_type=sa.String(32), unique=True)
    user_id: int = belongs_to("users", index=True)
    credential_id: bytes = Field(sa_type=CredentialId, unique=True)
    public_key: bytes = Field(sa_type=PublicKey)
    name: str = Field(sa_type=sa.String(64))
    sign_count: int = Field(default=0, sa_type=sa.BigInteger)
    synced: bool = Field(default=False, sa_type=sa.Boolean)
    backed_up: bool = Field(default=False, sa_type=sa.Boolean)
    transports: str = Field(default="", sa_type=sa.String(64))
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    client_address: str = Field(default="", sa_type=sa.String(45))
    user_agent: str = Field(default="", sa_type=sa.String(255))


class Ceremony(Table, table=True):
    """A challenge for a passkey, good once and for five minutes, and the session or login step that asked for it."""

    __tablename__ = "ceremonies"

    ceremony_hash: bytes = Field(primary_key=True, sa_type=Digest)
    purpose: str = Field(sa_type=sa.String(16))
    challenge: bytes = Field(sa_type=Digest)
    session_id: int | None = belongs_to("sessions", default=None, index=True)
    login_jti: str | None = Field(default=None, sa_type=sa.String(32))
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class RecoveryCode(Table, table=True):
    """One way back in without the phone, kept as a hash and good for one use.

    All of a set have one salt, with its cost (codes of 120 bits from before revision 0009: none), and the set's name
    until its owner has said that it is saved.
    """

    __tablename__ = "recovery_codes"
    __table_args__ = with_options(sa.UniqueConstraint("user_id", "code_hash"))

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    user_id: int = belongs_to("users")
    code_hash: bytes = Field(sa_type=Digest)
    salt: str | None = Field(default=None, sa_type=sa.String(64))
    unsaved_set: str | None = Field(default=None, sa_type=sa.String(32))
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TrustedDevice(Table, table=True):
    """A device on which the password signs in without the second factor: its token as a hash; the id is a UUIDv7."""

    __tablename__ = "trusted_devices"

    id: bytes = Field(primary_key=True, sa_type=EventId)
    user_id: int = belongs_to("users", index=True)
    token_hash: bytes = Field(sa_type=Digest, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    client_address: str = Field(default="", sa_type=sa.String(45))
    user_agent: str = Field(default="", sa_type=sa.String(255))


class UsedToken(Table, table=True):
    """The `jti` of a single-use token that has been spent, kept until the token would have ended anyway."""

    __tablename__ = "used_tokens"

    jti: str = Field(primary_key=True, sa_type=sa.String(32))
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Attempt(Table, table=True):
    """A counter of attempts within a window; the key is an HMAC, so that nobody reads who was attacked."""

    __tablename__ = "attempts"

    key_hash: bytes = Field(primary_key=True, sa_type=Digest)
    count: int = Field(sa_type=sa.Integer)
    window_started_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class KnownAddress(Table, table=True):
    """A network from which this account has signed in, as an HMAC: throttles and notices know it."""

    __tablename__ = "known_addresses"

    user_id: int = belongs_to("users", primary_key=True)
    address_hash: bytes = Field(primary_key=True, sa_type=Digest)
    last_used_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Schedule(Table, table=True):
    """When a piece of background work is next due; whoever moves the time on does it."""

    __tablename__ = "schedules"

    name: str = Field(primary_key=True, sa_type=sa.String(32))
    next_at: datetime = Field(sa_type=UtcDateTime)


class OneTimeToken(Table, table=True):
    """A link from a mail, good once: its token as a hash, what it is for, and the address that it concerns.

    The link of a notice also keeps which change it was, what was there before, and a username that this reserves.
    """

    __tablename__ = "one_time_tokens"
    __table_args__ = with_options(sa.Index(None, "user_id", "purpose"))

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    token_hash: bytes = Field(sa_type=Digest, unique=True)
    purpose: str = Field(sa_type=sa.String(32))
    user_id: int = belongs_to("users")
    email: str | None = Field(default=None, sa_type=sa.String(254))
    email_key: str | None = Field(default=None, sa_type=sa.String(254), index=True)
    event: str | None = Field(default=None, sa_type=sa.String(32))
    event_id: bytes | None = Field(default=None, sa_type=EventId)
    former: str | None = Field(default=None, sa_type=sa.Text)
    username_key: str | None = Field(default=None, sa_type=sa.String(50), index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Mail(Table, table=True):
    """A mail to be delivered; its content is encrypted, and erased once it is delivered."""

    __tablename__ = "mails"
    __table_args__ = with_options(
        sa.Index(None, "user_id", "kind", "created_at"),
        sa.Index(None, "mailbox_hash", "kind", "created_at"),
        sa.Index(None, "state", "urgent", "next_try_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    message_id: str = Field(sa_type=sa.String(64), unique=True)
    user_id: int | None = belongs_to("users", default=None)
    kind: str = Field(sa_type=sa.String(32))
    mailbox_hash: bytes | None = Field(default=None, sa_type=Digest)
    urgent: bool = Field(default=False, sa_type=sa.Boolean, sa_column_kwargs={"server_default": sa.false()})
    content: str | None = Field(default=None, sa_type=sa.Text)
    state: str = Field(default="queued", sa_type=sa.String(16))
    tries: int = Field(default=0, sa_type=sa.Integer)
    next_try_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Event(Table, table=True):
    """What happened to an account, written in the transaction of its cause; the id is a UUIDv7, so it tells the order.

    The subject is the account's public id, a pseudonym once the account is gone, empty for nobody's. A row changes only
    then, and while refusals within a minute are summed up in it.
    """

    __tablename__ = "events"
    __table_args__ = with_options(
        sa.Index(None, "subject", "id"),
        sa.Index(None, "subject", "kind", "id"),
        sa.Index(None, "kind", "id"),
        sa.Index(None, "client_address", "id"),
    )

    id: bytes = Field(primary_key=True, sa_type=EventId)
    subject: str = Field(default="", sa_type=sa.String(32))
    kind: str = Field(sa_type=sa.String(32))
    at: datetime = Field(sa_type=UtcDateTime)
    outcome: str = Field(sa_type=sa.String(16))
    reason: str | None = Field(default=None, sa_type=sa.String(32))
    times: int = Field(default=1, sa_type=sa.Integer)
    last_at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(sa_type=sa.String(16))
    operator: str | None = Field(default=None, sa_type=sa.String(64))
    client_address: str = Field(default="", sa_type=sa.String(45))
    user_agent: str = Field(default="", sa_type=sa.String(255))
    sid: str | None = Field(default=None, sa_type=sa.String(32))
    amr: str | None = Field(default=None, sa_type=sa.String(32))
    facts: str | None = Field(default=None, sa_type=sa.String(255))


class Service(Table, table=True):
    """Another program that may ask whose a token is: its secret as a hash, and what it is told about people.

    The secret before the present one works on for a day after `rotated_at`, so that nobody is shut out meanwhile.
    """

    __tablename__ = "services"

    name: str = Field(primary_key=True, sa_type=sa.String(32))
    scopes: str = Field(default="", sa_type=sa.String(64))
    secret_hash: bytes = Field(sa_type=Digest)
    former_hash: bytes | None = Field(default=None, sa_type=Digest)
    created_at: datetime = Field(sa_type=UtcDateTime)
    rotated_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Webhook(Table, table=True):
    """A webhook to be delivered; its content is encrypted, and once it is delivered the row is gone.

    The subject is the account's public id: of its rows the lowest id goes first. The message's id is a UUIDv7.
    """

    __tablename__ = "webhooks"
    __table_args__ = with_options(sa.Index(None, "state", "subject", "id"))

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    message_id: str = Field(sa_type=sa.String(36), unique=True)
    subject: str = Field(sa_type=sa.String(32))
    kind: str = Field(sa_type=sa.String(32))
    content: str | None = Field(default=None, sa_type=sa.Text)
    state: str = Field(default="queued", sa_type=sa.String(16))
    tries: int = Field(default=0, sa_type=sa.Integer)
    next_try_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
