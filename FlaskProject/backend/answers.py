"""What the API answers with, as types; a leaf that knows JSON and nothing of HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

Json = dict[str, Any]


def _text(data: Json, name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _optional_text(data: Json, name: str) -> str | None:
    return None if data.get(name) is None else _text(data, name)


def _time(data: Json, name: str) -> datetime:
    value = datetime.fromisoformat(_text(data, name))
    if value.tzinfo is None:
        raise ValueError(f"{name} has no zone")
    return value


def _optional_time(data: Json, name: str) -> datetime | None:
    return None if data.get(name) is None else _time(data, name)


def _object(data: Json, name: str) -> Json:
    value = data[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no object")
    return value


def _texts(data: Json, name: str) -> list[str]:
    values = data[name]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} is no list of texts")
    return values


@dataclass(frozen=True)
class TokenPair:
    """One access token and the refresh token beside it."""

    access_token: str
    refresh_token: str

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take a pair out of a login's or a refresh's answer."""
        return cls(_text(data, "access_token"), _text(data, "refresh_token"))

    @classmethod
    def read_optional(cls, data: Json) -> Self | None:
        """Take a pair out of an update's answer, which brings one only after a password change."""
        return cls.read(data) if data.get("access_token") else None


@dataclass(frozen=True)
class Device:
    """One signed-in browser or client, as its owner sees it."""

    id: str
    label: str
    client_address: str
    created_at: datetime
    last_seen_at: datetime
    current: bool

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take one session out of the API's list."""
        return cls(
            id=str(data["id"]),
            label=_text(data, "label"),
            client_address=_optional_text(data, "client_address") or "",
            created_at=_time(data, "created_at"),
            last_seen_at=_time(data, "last_seen_at"),
            current=bool(data["current"]),
        )


@dataclass(frozen=True)
class Account:
    """Who is signed in, and in what state the account is."""

    email: str
    email_verified: bool
    username: str | None
    phrase: str
    phrase_is_default: bool
    totp_enabled: bool
    recovery_codes_left: int
    passkeys: int
    created_at: datetime
    last_login_at: datetime | None
    fresh_until: datetime | None
    device: Device

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take the account out of GET /user/account."""
        return cls(
            email=_text(data, "email"),
            email_verified=bool(data["email_verified"]),
            username=_optional_text(data, "username"),
            phrase=_text(data, "phrase"),
            phrase_is_default=bool(data["phrase_is_default"]),
            totp_enabled=bool(data["totp_enabled"]),
            recovery_codes_left=int(data["recovery_codes_left"] or 0),
            passkeys=int(data.get("passkeys") or 0),  # an API that is still to be upgraded knows none
            created_at=_time(data, "created_at"),
            last_login_at=_optional_time(data, "last_login_at"),
            fresh_until=_optional_time(data, "fresh_until"),
            device=Device.read(data["session"]),
        )

    @property
    def name(self) -> str:
        """The name to greet with."""
        return self.username or self.email

    @property
    def has_factor(self) -> bool:
        """Tell whether signing in takes more than the password."""
        return self.totp_enabled or self.passkeys > 0

    @property
    def is_fresh(self) -> bool:
        """Tell whether who is there was proved a moment ago, by our clock; the API's decides."""
        return self.fresh_until is not None and self.fresh_until > datetime.now(UTC)


@dataclass(frozen=True)
class Enrolment:
    """A second factor waiting for its first code."""

    secret: str
    qr_code: str
    otpauth_uri: str

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take the secret, its picture and its link out of the answer."""
        return cls(_text(data, "secret"), _text(data, "qr_code"), _text(data, "otpauth_uri"))


@dataclass(frozen=True)
class Passkey:
    """A passkey, as its owner sees it."""

    id: str
    name: str
    credential_id: str
    label: str
    client_address: str
    synced: bool
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take one passkey out of the API's list."""
        return cls(
            id=_text(data, "id"),
            name=_text(data, "name"),
            credential_id=_text(data, "credential_id"),
            label=_text(data, "label"),
            client_address=_optional_text(data, "client_address") or "",
            synced=bool(data["synced"]),
            created_at=_time(data, "created_at"),
            last_used_at=_optional_time(data, "last_used_at"),
        )


@dataclass(frozen=True)
class Passkeys:
    """All passkeys of an account, and by which names a browser knows site and person."""

    rp_id: str
    user_handle: str
    listed: list[Passkey]

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take them out of GET /passkeys."""
        return cls(_text(data, "rp_id"), _text(data, "user_handle"), [Passkey.read(row) for row in data["passkeys"]])


@dataclass(frozen=True)
class Ceremony:
    """A question to the browser's passkeys; its answer goes back with the ceremony's name."""

    ceremony: str
    options: Json

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take it out of the answer that starts one."""
        return cls(_text(data, "ceremony"), _object(data, "options"))


@dataclass(frozen=True)
class LinkInfo:
    """What a link from a mail is about."""

    purpose: str
    event: str
    opened_at: datetime | None
    opened_from: str

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take it out of POST /link/look."""
        return cls(
            purpose=_text(data, "purpose"),
            event=_optional_text(data, "event") or "",
            opened_at=_optional_time(data, "opened_at"),
            opened_from=_optional_text(data, "opened_from") or "",
        )


def read_devices(data: Json) -> list[Device]:
    """Take the list of sessions out of the answer."""
    return [Device.read(row) for row in data["items"]]


def read_recovery_codes(data: Json) -> list[str]:
    """Take the recovery codes out of the answer."""
    return _texts(data, "recovery_codes")
