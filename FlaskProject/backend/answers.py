"""What the API answers with, as types; a leaf that knows JSON and nothing of HTTP."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Self, get_args, get_origin

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What every answer has in common: the types of its fields say what the API must have sent."""

    @classmethod
    def read(cls, data: Json) -> Self:
        """Take the fields out of JSON; TypeError or ValueError where one is missing or something else."""
        return cls(**{field.name: _read(field.type, data.get(field.name)) for field in fields(cls)})


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401 whatever JSON holds
    if get_origin(kind) is UnionType:  # `str | None`
        return None if value is None else _read(get_args(kind)[0], value)
    if isinstance(value, list) and get_origin(kind) is list:
        return [_read(get_args(kind)[0], one) for one in value]
    if isinstance(value, dict) and get_origin(kind) is dict:
        return value
    if isinstance(value, dict) and issubclass(kind, Answer):
        return kind.read(value)
    if isinstance(value, str) and kind is datetime:
        return _time(value)
    if not isinstance(value, kind):
        raise TypeError("something else was sent")
    return value


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


@dataclass(frozen=True)
class TokenPair(Answer):
    """One access token and the refresh token beside it."""

    access_token: str
    refresh_token: str
    device_token: str | None = None  # of a device just trusted
    device_token_expires_in: int | None = None


@dataclass(frozen=True)
class Device(Answer):
    """One signed-in browser or client, as its owner sees it."""

    id: str
    label: str
    client_address: str | None
    created_at: datetime
    last_seen_at: datetime
    current: bool


@dataclass(frozen=True)
class Devices(Answer):
    """Where an account is signed in."""

    items: list[Device]


@dataclass(frozen=True)
class TrustedDevice(Answer):
    """A browser or client on which the account's password alone signs in."""

    id: str
    label: str
    client_address: str | None
    last_used_at: datetime | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class TrustedDevices(Answer):
    """Where an account signs in by the password alone."""

    items: list[TrustedDevice]


@dataclass(frozen=True)
class Passkey(Answer):
    """A passkey, as its owner sees it."""

    id: str
    name: str
    credential_id: str
    label: str
    client_address: str | None
    synced: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class Passkeys(Answer):
    """All passkeys of an account, and by which names a browser knows site and person."""

    rp_id: str
    user_handle: str
    passkeys: list[Passkey]


@dataclass(frozen=True)
class Included(Answer):
    """What came along with an account; nothing of what was not asked for."""

    sessions: list[Device] | None = None
    passkeys: Passkeys | None = None
    trusted_devices: list[TrustedDevice] | None = None
    last_sign_in: Device | None = None


@dataclass(frozen=True)
class Account(Answer):
    """Who is signed in, and in what state the account is."""

    user_id: str
    role: str
    email: str
    email_verified: bool
    username: str | None
    phrase: str
    phrase_is_default: bool
    language: str | None  # likewise of an API that knows none
    totp_enabled: bool
    recovery_codes_left: int
    recovery_codes_saved: bool | None  # an API that is still to be upgraded does not know
    passkeys: int | None  # an API that is still to be upgraded knows none
    created_at: datetime
    last_login_at: datetime | None
    fresh_until: datetime | None
    amr: list[str] | None  # likewise
    session: Device
    included: Included | None  # an API that is still to be upgraded sends nothing along

    @property
    def name(self) -> str:
        """The name to greet with."""
        return self.username or self.email

    @property
    def misses_codes(self) -> bool:
        """Tell whether nobody has said yet that the recovery codes are saved."""
        return self.recovery_codes_saved is False

    @property
    def has_factor(self) -> bool:
        """Tell whether signing in takes more than the password."""
        return self.totp_enabled or bool(self.passkeys)

    @property
    def showed_factor(self) -> bool:
        """Tell whether this sign-in took more than the password."""
        return bool(set(self.amr or ()) - {"pwd"})

    @property
    def is_fresh(self) -> bool:
        """Tell whether who is there was proved a moment ago, by our clock; the API's decides."""
        return self.fresh_until is not None and self.fresh_until > datetime.now(UTC)


@dataclass(frozen=True)
class Enrolment(Answer):
    """A second factor waiting for its first code."""

    secret: str
    qr_code: str
    otpauth_uri: str
    account: Account | None  # likewise


@dataclass(frozen=True)
class Ceremony(Answer):
    """A question to the browser's passkeys; its answer goes back with the ceremony's name."""

    ceremony: str
    options: Json


@dataclass(frozen=True)
class Event(Answer):
    """Something that happened to the account."""

    id: str
    kind: str
    at: datetime
    count: int
    outcome: str
    reason: str | None
    actor: str
    client_address: str | None
    label: str | None
    current: bool
    amr: list[str]
    facts: Json
    can_disown: bool


@dataclass(frozen=True)
class History(Answer):
    """A page of what happened, the latest first, and `before` of the next page."""

    events: list[Event]
    next: str | None
    account: Account | None  # an API that is still to be upgraded sends none along


@dataclass(frozen=True)
class LinkInfo(Answer):
    """What a link from a mail is about."""

    purpose: str
    email: str | None  # an API that is still to be upgraded says none
    event: str | None
    opened_at: datetime | None
    opened_from: str | None


@dataclass(frozen=True)
class RecoveryCodes(Answer):
    """The ways back in without the phone, shown once."""

    recovery_codes: list[str]
    code_set: str | None  # an API that is still to be upgraded names none


@dataclass(frozen=True)
class CodesState(Answer):
    """Whether the owner of recovery codes has them, as far as anybody said."""

    recovery_codes_saved: bool
