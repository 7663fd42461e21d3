"""What stands in the fields of bodies: checked here, once, whichever body it comes in; a leaf, as `schemas.py` is."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, SecretStr
from pydantic.fields import FieldInfo

from app.field_errors import FieldCode, FieldError
from app.identifiers import (
    BLANKS,
    EMAIL_MAX,
    PASSKEY_NAME_MAX,
    PHRASE_MAX,
    USERNAME_MAX,
    USERNAME_MIN,
    normalize_email,
    normalize_username,
    normalize_words,
    require_text,
)
from app.languages.tags import Tag
from app.passwords.rules import BYTES_MAX, LENGTH_MIN, normalize_password


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _require_true(value: object) -> object:
    if value is not True:  # 1 equals True, and is no consent
        raise FieldError(FieldCode.NOT_TRUE, "must be true")
    return value


def _trim(typed: str) -> str:
    return require_text(typed.strip(BLANKS))


def _normalize_secret(secret: SecretStr) -> SecretStr:
    return SecretStr(normalize_password(secret.get_secret_value()))


def _typed(least: int, most: int) -> FieldInfo:
    """Take what may be trimmed and composed, and tell clients the lengths that count after that."""
    field: FieldInfo = Field(max_length=1000, json_schema_extra={"minLength": least, "maxLength": most})
    return field


Identifier = Annotated[str, Field(max_length=1000), AfterValidator(_trim)]
# Checked, and kept as typed.
Email = Annotated[str, _typed(3, EMAIL_MAX), AfterValidator(lambda typed: normalize_email(typed) and typed)]
Username = Annotated[
    str, _typed(USERNAME_MIN, USERNAME_MAX), AfterValidator(lambda typed: normalize_username(typed) and typed)
]
Phrase = Annotated[str, _typed(1, PHRASE_MAX), AfterValidator(lambda typed: normalize_words(typed, PHRASE_MAX))]
Password = Annotated[SecretStr, Field(json_schema_extra={"maxLength": BYTES_MAX}), AfterValidator(_normalize_secret)]
NewPassword = Annotated[
    Password,
    Field(
        description=f"At least {LENGTH_MIN} characters, at most {BYTES_MAX} bytes, and not a common one.",
        json_schema_extra={"minLength": LENGTH_MIN},
    ),
]
Code = Annotated[str, Field(min_length=1, max_length=100)]
# Without a least length: a form's empty field counts as absent, in the schema of generated clients too.
OptionalCode = Annotated[
    Annotated[str, Field(max_length=100)] | None,
    BeforeValidator(_blank_is_none),
    Field(description="Six digits, or a recovery code; blank counts as absent."),
]
Token = Annotated[SecretStr, Field(max_length=8192)]
OptionalIdentifier = Annotated[Identifier | None, BeforeValidator(_blank_is_none)]
OptionalUsername = Annotated[
    Annotated[Username, Field(json_schema_extra={"minLength": 0})] | None, BeforeValidator(_blank_is_none)
]
# Half a surrogate pair could not even be compared.
EnrolmentSecret = Annotated[
    SecretStr, Field(min_length=1, max_length=100), AfterValidator(lambda s: require_text(s.get_secret_value()) and s)
]
TrustDevice = Annotated[
    bool,
    Field(
        description="Give a `device_token`, with which this device needs no second factor; "
        "only for a password with a code of the app or a passkey."
    ),
]
Language = Annotated[
    Literal[Tag, ""], Field(description="Of pages and mails (BCP 47); empty takes the choice back.", examples=["de"])
]
Consent = Annotated[Literal[True], BeforeValidator(_require_true)]
PasskeyName = Annotated[
    str,
    _typed(1, PASSKEY_NAME_MAX),
    Field(description=f"1 to {PASSKEY_NAME_MAX} characters.", examples=["My phone"]),
    AfterValidator(lambda typed: normalize_words(typed, PASSKEY_NAME_MAX)),
]
CodeSetName = Annotated[
    str,
    Field(max_length=100, description="From the answer that showed the codes."),
    AfterValidator(require_text),
]
Ceremony = Annotated[SecretStr, Field(max_length=100, description="From the start; good once, for five minutes.")]
Credential = Annotated[dict[str, JsonValue], Field(description="What `PublicKeyCredential.toJSON()` gives.")]
