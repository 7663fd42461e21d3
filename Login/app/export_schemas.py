"""The file of "download your data"; a leaf as `schemas.py` is. Each model of a row names the columns that it shows."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field


def _split(value: object) -> object:
    return value.split() if isinstance(value, str) else value or []


def _encode(value: object) -> object:
    return urlsafe_b64encode(value).decode().rstrip("=") if isinstance(value, bytes) else value


def _parse(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value or {}


def _write_uuid(value: object) -> object:
    return str(UUID(bytes=value)) if isinstance(value, bytes) else value


Words = Annotated[list[str], BeforeValidator(_split)]
Base64Url = Annotated[str, BeforeValidator(_encode)]
Former = Annotated[dict[str, str | None], BeforeValidator(_parse)]
Facts = Annotated[dict[str, str | int], BeforeValidator(_parse)]
EventId = Annotated[str, BeforeValidator(_write_uuid)]


class Row(BaseModel):
    """A row of a table, as its owner reads it; a field is a column of its name, or of the one that it is read from."""

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return which columns are read."""
        return tuple(str(field.validation_alias or name) for name, field in cls.model_fields.items())


class ExportedAccount(Row):
    """The account itself."""

    id: str = Field(validation_alias="public_id")
    email: str
    email_verified_at: datetime | None
    username: str | None
    phrase: str | None = Field(description="The anti-phishing phrase; none is the one that everybody starts with.")
    language: str | None = Field(description="Of pages and mails; none is the one that the browser asks for.")
    role: str
    password_changed_at: datetime
    totp_enabled: bool = Field(
        validation_alias="has_totp", description="Whether an authenticator app is set up; its secret is in no file."
    )
    created_at: datetime
    opened_from: str | None = Field(description="Where the account was opened, until its address is confirmed.")
    last_login_at: datetime | None
    disabled_at: datetime | None


class ExportedSession(Row):
    """A sign-in on a device, live or ended; an ended one is kept until it would have ended by itself."""

    id: str = Field(validation_alias="sid")
    created_at: datetime
    authenticated_at: datetime = Field(description="When the person last proved who they are.")
    last_seen_at: datetime
    rotated_at: datetime = Field(description="When its tokens were last replaced.")
    generation: int = Field(description="How often they were.")
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    remember_me: bool = Field(validation_alias="remember")
    client_address: str
    user_agent: str
    amr: Words = Field(description="How somebody signed in (RFC 8176), and `rc` for a recovery code.")


class ExportedPasskey(Row):
    """A passkey: the half of it that is no secret."""

    id: str = Field(validation_alias="public_id")
    name: str
    credential_id: Base64Url = Field(description="In base64url.")
    public_key: Base64Url = Field(description="A COSE key (RFC 9052) in base64url.")
    sign_count: int
    synced: bool
    backed_up: bool
    transports: Words
    created_at: datetime
    last_used_at: datetime | None
    client_address: str
    user_agent: str


class ExportedRecoveryCode(Row):
    """One of the recovery codes; what it is nobody knows but who was shown it."""

    used_at: datetime | None


class ExportedEnrolment(Row):
    """An authenticator app that is being set up."""

    expires_at: datetime


class ExportedTrustedDevice(Row):
    """A device on which the password alone signs in; its token is on that device alone."""

    id: EventId
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    client_address: str
    user_agent: str


class ExportedLink(Row):
    """A link of a mail that still works; its token is in that mail alone."""

    purpose: str
    email: str | None = Field(description="The address that it concerns.")
    event: str | None = Field(description="The change that a notice told: `factor.totp.enabled`.")
    event_id: EventId | None
    former: Former = Field(description="What was there before, which the link brings back.")
    created_at: datetime
    expires_at: datetime


class ExportedMail(Row):
    """A mail of the last 30 days. What it said is encrypted until it is delivered, then erased: it is in no file."""

    message_id: str
    kind: str
    state: str = Field(description="`queued`, `sent` or `dead`, which is given up.")
    urgent: bool
    tries: int
    next_try_at: datetime
    created_at: datetime
    finished_at: datetime | None


class ExportedNetwork(Row):
    """A network from which the account has signed in; which one is kept as a hash that nobody can turn around."""

    last_used_at: datetime


class ExportedEvent(Row):
    """Something that happened to the account, as `GET /user/events` shows it; the first first."""

    id: EventId
    kind: str = Field(examples=["session.started"])
    at: datetime
    last_at: datetime
    count: int = Field(validation_alias="times", description="Refusals of a kind within a minute are one.")
    outcome: str
    reason: str | None
    actor: str
    client_address: str
    user_agent: str
    session_id: str | None = Field(validation_alias="sid")
    amr: Words
    facts: Facts


class ExportHead(BaseModel):
    """What the file begins with."""

    # What is merely added does not raise it.
    format: Literal[1] = Field(1, description="Raised when a program that reads the file has to change.")
    service: str = Field(examples=["Pupero"])
    made_at: datetime
    account: ExportedAccount


class Export(ExportHead):
    """Everything that is stored about a person; times are ISO 8601 in UTC."""

    sessions: list[ExportedSession]
    passkeys: list[ExportedPasskey]
    recovery_codes: list[ExportedRecoveryCode]
    totp_enrolments: list[ExportedEnrolment]
    trusted_devices: list[ExportedTrustedDevice]
    links: list[ExportedLink]
    mails: list[ExportedMail]
    known_networks: list[ExportedNetwork]
    events: list[ExportedEvent]
