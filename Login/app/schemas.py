"""Every body that the API takes and gives; a leaf that imports only pydantic and the pure rules of its fields."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from app import fields
from app.field_errors import FieldCode, FieldError
from app.identifiers import EMAIL_MAX, PHRASE_MAX

NEEDS_PROOF = "Needs current_password and, with a second factor on, totp unless the session is fresh."
NOT_SAVED = "False from when codes were made until somebody says that they are saved."


def examples(*bodies: JsonDict) -> ConfigDict:
    """Show bodies on the page of the API."""
    return ConfigDict(json_schema_extra={"examples": list(bodies)})


class Body(BaseModel):
    """A request's body: unknown members are ignored, and nothing is turned into another type."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)


class Registration(Body):
    """A new account."""

    model_config = examples({"email": "alice@example.com", "username": "alice", "password": "correct horse battery"})

    email: fields.Email = Field(description=f"One bare address, at most {EMAIL_MAX} characters.")
    username: fields.OptionalUsername = Field(
        None, description="3 to 50 letters, digits, '.', '_' and '-'; blank means none."
    )
    password: fields.NewPassword


class Registered(BaseModel):
    """The account that was made."""

    user_id: str = Field(examples=["mZ0VtX2sQ3eJY0v5p8JkNw"])


class LoginRequest(Body):
    """An identifier with the password, and the code when there is a second factor; or a login token with the code."""

    model_config = examples(
        {"username": "alice", "password": "correct horse battery", "remember_me": True},
        {"email": "alice@example.com", "password": "correct horse battery", "totp": "492039"},
        {"login_token": "eyJhbGciOiJIUzI1NiJ9.e30.signature", "totp": "492039", "trust_device": True},
    )

    username: fields.OptionalIdentifier = Field(None, description="A username; an email address is taken as one.")
    email: fields.OptionalIdentifier = None
    password: fields.Password | None = None
    totp: fields.OptionalCode = None
    remember_me: bool = False
    login_token: fields.Token | None = Field(default=None, description="From the answer `totp_required`.")
    trust_device: fields.TrustDevice = False
    device_token: fields.Token | None = Field(
        default=None, description="Of a trusted device: beside the right password it stands in for the code."
    )

    @model_validator(mode="after")
    def _be_one_of_two_forms(self) -> Self:
        if self.login_token is not None:
            others = (self.password, self.device_token)
            if self.totp is None or others != (None, None) or self.username or self.email:
                raise FieldError(FieldCode.CONFLICTING_FIELDS, "login_token goes with totp, and no other proof")
        elif self.password is None or not (self.username or self.email):
            raise FieldError(FieldCode.MISSING_FIELDS, "give username or email, and password")
        return self


class Tokens(BaseModel):
    """What a refresh hands out."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.e30.signature"])
    refresh_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.e30.signature"])


class Message(BaseModel):
    """A sentence about what was done."""

    message: str


class TokenPair(Tokens):
    """What a login hands out."""

    token_type: Literal["bearer"] = "bearer"
    device_token: str | None = Field(default=None, description="Of a device that was just trusted, this once.")
    device_token_expires_in: int | None = Field(default=None, description="In so many seconds.", examples=[2592000])


class RefreshRequest(Body):
    """The refresh token to trade in."""

    refresh_token: fields.Token = Field(examples=["eyJhbGciOiJIUzI1NiJ9.e30.signature"])


class Proof(Body):
    """The password, and when there is a second factor a code or a passkey's answer: who you are, proved again."""

    model_config = examples({"current_password": "correct horse battery", "totp": "492039"})

    current_password: fields.Password | None = None
    totp: fields.OptionalCode = None
    ceremony: fields.Ceremony | None = Field(default=None, description="From `POST /reauthenticate/passkey/start`.")
    credential: fields.Credential | None = None


class Reauthenticated(Message, Tokens):
    """The pair of the fresh session; the tokens that asked for it are dead."""


class Reauthentication(Proof):
    """A proof for a fresh session."""

    current_password: fields.Password


class Profile(BaseModel):
    """The account as the seed shows it."""

    email: str = Field(examples=["alice@example.com"])
    username: str | None = Field(examples=["alice"])
    role: str = Field(examples=["user"])
    phrase: str = Field(description="The anti-phishing phrase.", examples=["Welcome to Pupero"])


class SessionInfo(BaseModel):
    """One of the account's live sessions."""

    id: str = Field(examples=["qk9o7nXqD2mVv1o0C4nLsg"])
    label: str = Field(examples=["Firefox on Linux"])
    client_address: str = Field(examples=["203.0.113.7"])
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    remember_me: bool
    current: bool


class Account(Profile):
    """Everything a person may want to see of their account."""

    user_id: str
    email_verified: bool
    phrase_is_default: bool
    language: str | None = Field(description="The language of pages and mails, if one was chosen.", examples=["de"])
    totp_enabled: bool
    passkeys: int
    recovery_codes_left: int
    recovery_codes_saved: bool = Field(description=NOT_SAVED)
    created_at: datetime
    last_login_at: datetime | None
    fresh_until: datetime = Field(description="Until when this session counts as freshly authenticated.")
    amr: list[str] = Field(
        description="How this session's person proved who they are, as in access tokens.", examples=[["pwd", "otp"]]
    )
    session: SessionInfo


class AlongWithAccount(BaseModel):
    """Whether an answer brings the account along."""

    include: list[Literal["account"]] = Field(
        default=[], max_length=1, description="`account` has `GET /user/account` come along, in `account`."
    )


class WithAccount(BaseModel):
    """What brings the account along where it is asked to."""

    account: Account | None = Field(
        default=None, exclude_if=lambda account: account is None, description="Only where `include` asks for it."
    )


class UserUpdate(Proof):
    """Changes to the account; all are made or none. `role` and unknown members have no effect."""

    model_config = examples(
        {"phrase": "Blue herons at dawn"},
        {"new_email": "alice@example.org", "current_password": "correct horse battery"},
    )

    phrase: fields.Phrase | None = Field(default=None, description=f"At most {PHRASE_MAX} characters.")
    username: fields.Username | None = None
    language: fields.Language | None = None
    new_email: fields.Email | None = Field(default=None, description=NEEDS_PROOF)
    new_password: fields.NewPassword | None = Field(default=None, description=NEEDS_PROOF)

    @property
    def changes(self) -> set[str]:
        """Name what is to change."""
        return {name for name in self.model_fields_set - set(Proof.model_fields) if getattr(self, name) is not None}


class Updated(Message):
    """What was done, with a new pair after a change of password: the old tokens are dead."""

    access_token: str | None = None
    refresh_token: str | None = None


class Deletion(Proof):
    """The end of an account, confirmed and proved."""

    model_config = examples({"confirm": True, "current_password": "correct horse battery"})

    confirm: fields.Consent
    current_password: fields.Password


class PasswordResetRequest(Body):
    """The address that a reset link may go to."""

    email: fields.Identifier = Field(examples=["alice@example.com"])


class LinkToken(Body):
    """The token of a link from a mail."""

    model_config = examples({"token": "Jm3xQ0tq2mZ6bV1o8C4nLsgX7kYp5rT9uWvA0dEfGhI"})

    token: fields.Token


class LinkInfo(BaseModel):
    """What a link from a mail is about; looking changes nothing and does not use it up."""

    purpose: Literal["reset", "rescue", "verify", "change", "revert", "disown"]
    email: str = Field(description="The address that the mail went to.")
    event: str | None = Field(default=None, description="The change that a notice told: `factor.totp.enabled`.")
    opened_at: datetime | None = Field(default=None, description="The account, where nobody confirmed the address.")
    opened_from: str | None = None


class PasswordReset(LinkToken):
    """A new password, by the link from the mail."""

    model_config = examples(
        {"token": "Jm3xQ0tq2mZ6bV1o8C4nLsgX7kYp5rT9uWvA0dEfGhI", "new_password": "correct horse battery"}
    )

    new_password: fields.NewPassword


class Introspection(BaseModel):
    """What a service is told about a token (RFC 7662, section 2.2): of one that is not active nothing else."""

    active: bool
    sub: str | None = Field(default=None, description="The account, for good.", examples=["mZ0VtX2sQ3eJY0v5p8JkNw"])
    sid: str | None = Field(default=None, description="The session.", examples=["qk9o7nXqD2mVv1o0C4nLsg"])
    username: str | None = Field(default=None, description="With the scope `username`, if the account has one.")
    email: str | None = Field(default=None, description="With the scope `email`.")
    email_verified: bool | None = Field(default=None, description="With the scope `email`: whether it was confirmed.")
    role: str | None = Field(default=None, description="With the scope `role`.")
    iat: int | None = None
    exp: int | None = Field(default=None, description="When the token or its session ends, whichever comes first.")
    auth_time: int | None = Field(default=None, description="When the person last proved who they are.")
    amr: list[str] | None = Field(default=None, description="How they signed in (RFC 8176).", examples=[["pwd", "otp"]])


class Health(BaseModel):
    """A sign of life."""

    status: Literal["ok"] = "ok"
