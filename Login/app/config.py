"""The backend's settings: typed, from the environment and the .env beside this file; unsafe ones stop production."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.driver.url import check_driver, parse_database_url
from app.languages.tags import Tag
from app.letters.accents import find_tones
from app.letters.brand import NAME, Brand, make_brand
from app.letters.service_names import parse_name
from app.passwords.common import check_list
from app.runtime.processors import default_hash_threads
from app.secrets.standard_webhooks import PREFIX, read_secret
from app.secrets.weak_keys import find_weakness
from app.settings.mail_sender import normalize_sender
from app.settings.named import name_issuer, name_phrase, name_sender
from app.settings.production import find_refusals
from app.settings.relying_party import RelyingParty, find_relying_party, is_within
from app.settings.sources import Sources
from app.settings.webhook_receiver import read_receiver

ROOT = Path(__file__).parents[2]
ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?")
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
DEFAULT_PORTS = {"http:": ":80", "https": ":443"}  # browsers leave them out


class ConfigurationError(Exception):
    """The settings are unusable; the message names each one and never a value."""


def _strip_comment(value: object) -> object:
    """Drop what an env file of another dialect leaves behind a value: ` # comment`."""
    return re.sub(r"\s+#.*$", "", value).strip() if isinstance(value, str) else value


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _lift(unit: str) -> BeforeValidator:
    """Read a bare number as so many of `unit`."""

    def read(value: object) -> object:
        text = _strip_comment(value)
        try:
            return timedelta(**{unit: float(text)}) if isinstance(text, str | int | float) else text
        except (ValueError, OverflowError):  # "soon", "nan", "inf"
            raise ValueError(f"must be a number of {unit}") from None

    return BeforeValidator(read)


def _network(value: object) -> object:
    try:
        return ip_network(value, strict=False) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("must be IP addresses and networks, separated by commas") from None


def _check_database(secret: SecretStr) -> SecretStr:
    """Refuse now what could never connect, in words that repeat no part of it: it holds a password."""
    check_driver(parse_database_url(secret.get_secret_value()))
    return secret


def _check_public_url(value: str) -> str:
    """Take the address of the pages without a slash at its end; mails are made of it, never of a Host header."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be the address of the pages, such as https://accounts.example.com")
    return value.rstrip("/")


def _check_origin(text: str) -> str:
    """Take an origin exactly as browsers send it (RFC 6454, section 6.2), so that comparing the text is enough."""
    if not ORIGIN.fullmatch(text) or text.endswith(DEFAULT_PORTS[text[:5]]):
        raise ValueError("must be origins as browsers send them, such as https://app.example.com; * is refused")
    return text


def _check_domain(text: str) -> str:
    """Take a domain that addresses may stand under, without a dot or an @ in front."""
    if not DOMAIN.fullmatch(text.lower()):
        raise ValueError("must be domains, such as corp.local, separated by commas")
    return text.lower()


def _check_storage(uri: SecretStr) -> SecretStr:
    if not uri.get_secret_value().startswith(("redis://", "rediss://")):
        raise ValueError("must be redis://host:port/number, or rediss:// for TLS")
    return uri


def _check_receiver(url: str) -> str:
    read_receiver(url)
    return url


def _check_webhook_secret(secret: SecretStr) -> SecretStr:
    read_secret(secret.get_secret_value())
    return secret


Positive = Field(gt=timedelta(0), le=timedelta(days=3650))
Seconds = Annotated[timedelta, _lift("seconds"), Positive]
Minutes = Annotated[timedelta, _lift("minutes"), Positive]
Days = Annotated[timedelta, _lift("days"), Positive]
DaysOrNone = Annotated[timedelta, _lift("days"), Field(ge=timedelta(0), le=timedelta(days=3650))]
Flag = Annotated[bool, BeforeValidator(_strip_comment)]
Count = Annotated[int, BeforeValidator(_strip_comment), Field(ge=1)]
SecretList = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split)]
WebhookSecrets = Annotated[
    list[Annotated[SecretStr, AfterValidator(_check_webhook_secret)]], NoDecode, BeforeValidator(_split)
]
Origin = Annotated[str, BeforeValidator(_strip_comment), AfterValidator(_check_origin)]
Domain = Annotated[str, BeforeValidator(_strip_comment), AfterValidator(_check_domain)]
Name = Annotated[str, BeforeValidator(_strip_comment), AfterValidator(parse_name)]
Colour = Annotated[str, BeforeValidator(_strip_comment), AfterValidator(lambda value: find_tones(value).colour)]
Sender = Annotated[str, AfterValidator(normalize_sender)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class Settings(Sources, BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_file=Path(__file__).with_name(".env"), env_ignore_empty=True, extra="ignore")

    database_url: Annotated[SecretStr, AfterValidator(_check_database)]
    jwt_secret_key: SecretStr
    jwt_access_token_expire_minutes: Minutes = timedelta(minutes=30)
    jwt_refresh_token_expire_minutes: Minutes = timedelta(minutes=1440)
    remember_me_days: Days = timedelta(days=30)
    service_name: Name = NAME
    accent_colour: Colour | None = None
    default_language: Annotated[Tag, BeforeValidator(_strip_comment)] = "en"
    anti_phishing_phrase_default: str = Field(default_factory=name_phrase, min_length=1, max_length=255)
    sql_echo: Flag = False

    environment: Literal["development", "production"] = "development"
    jwt_previous_secret_keys: SecretList = []
    totp_encryption_keys: SecretList = []
    totp_issuer: str = Field(default_factory=name_issuer, min_length=1, max_length=64, pattern="^[^:]*$")
    session_max_minutes: Minutes | None = None
    session_idle_minutes: Minutes | None = None
    trusted_device_days: Annotated[DaysOrNone, Field(le=timedelta(days=90))] = timedelta(days=30)
    trusted_proxies: Annotated[list[Network], NoDecode, BeforeValidator(_split)] = Field(
        default_factory=lambda: [ip_network("127.0.0.1"), ip_network("::1")]
    )
    cors_allowed_origins: Annotated[list[Origin], NoDecode, BeforeValidator(_split)] = []
    hsts_include_subdomains: Flag = False
    docs_enabled: Flag = True
    rate_limit_storage_uri: Annotated[SecretStr, AfterValidator(_check_storage)] | None = None
    rate_limits_enabled: Flag = True
    log_user: Literal["email", "id", "none"] = "email"
    database_pool_size: Count = 8
    metrics_token: SecretStr | None = None
    drain_file: Path | None = None
    common_passwords_file: Annotated[Path, AfterValidator(check_list)] | None = None
    argon2_time_cost: Annotated[Count, Field(le=1000)] = 3
    argon2_memory_kib: Annotated[Count, Field(ge=8, le=4 * 1024 * 1024)] = 65536
    argon2_parallelism: Annotated[Count, Field(le=255)] = 4
    hash_threads: Count = Field(default_factory=lambda known: default_hash_threads(known.get("argon2_memory_kib", 1)))

    smtp_host: str | None = None
    smtp_port: Annotated[int, BeforeValidator(_strip_comment), Field(ge=1, le=65535)] = 587
    smtp_secure: Literal["starttls", "tls", "none"] = "starttls"
    smtp_private_network: Flag = False
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout_seconds: Annotated[Seconds, Field(le=timedelta(seconds=60))] = timedelta(seconds=10)
    mail_from: Sender = Field(default_factory=name_sender, validate_default=True)
    mail_dir: Path = ROOT / "var" / "mail"
    mail_worker: Flag = True
    public_url: Annotated[str, AfterValidator(_check_public_url)] = "http://127.0.0.1:5000"
    passkey_origins: Annotated[list[Origin], NoDecode, BeforeValidator(_split)] = []
    require_verified_email: Flag = False
    unconfirmed_account_days: Days = timedelta(days=30)
    events_keep_days: DaysOrNone = timedelta(days=365)
    prevent_enumeration: Flag = False
    email_change_requires_verification: Flag | None = None
    private_email_domains: Annotated[list[Domain], NoDecode, BeforeValidator(_split)] = []

    webhook_url: Annotated[str, AfterValidator(_check_receiver)] | None = None
    webhook_secret: WebhookSecrets = []
    webhook_private_network: Flag = False

    @property
    def signing_secrets(self) -> list[str]:
        """The key that signs, then those that only verify."""
        return [secret.get_secret_value() for secret in (self.jwt_secret_key, *self.jwt_previous_secret_keys)]

    @property
    def weaknesses(self) -> list[str]:
        """Which secrets must not face strangers, and why; one that only verifies is as good to a forger."""
        named = [("JWT_SECRET_KEY", self.jwt_secret_key)]
        named += [("JWT_PREVIOUS_SECRET_KEYS", key) for key in self.jwt_previous_secret_keys]
        named += [("TOTP_ENCRYPTION_KEYS", key) for key in self.totp_encryption_keys]
        named += [("METRICS_TOKEN", self.metrics_token)] if self.metrics_token else []
        named += [
            ("WEBHOOK_SECRET", SecretStr(key.get_secret_value().removeprefix(PREFIX))) for key in self.webhook_secret
        ]
        found = ((name, find_weakness(key.get_secret_value())) for name, key in named)
        return [f"{name} {weakness}" for name, weakness in found if weakness]

    @property
    def delivers_mail(self) -> bool:
        """Whether mails can leave: over SMTP, or to the folder of a developer."""
        return self.smtp_host is not None or self.environment == "development"

    @property
    def reaches_mailboxes(self) -> bool:
        """Whether mails really reach people, so that they can be expected to confirm an address."""
        return self.smtp_host is not None

    @property
    def public_host(self) -> str:
        """The host in links of mails."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def brand(self) -> Brand:
        """Whose mails these are."""
        return make_brand(self.service_name, self.accent_colour)

    @property
    def relying_party(self) -> RelyingParty:
        """Whom passkeys are made for."""
        return find_relying_party(self.public_url, self.totp_issuer, self.passkey_origins)

    @property
    def needs_verified_email(self) -> bool:
        """Whether only a confirmed address may sign in."""
        return self.require_verified_email or self.prevent_enumeration

    @property
    def confirms_email_changes(self) -> bool:
        """Whether a new address counts only once its mailbox agrees; a change at once would say which are taken."""
        asked_for = self.email_change_requires_verification
        return self.prevent_enumeration or (self.reaches_mailboxes if asked_for is None else asked_for)

    def session_lifetime(self, *, remember: bool) -> timedelta:
        """How long a session may live, however often it is refreshed."""
        return self.remember_me_days if remember else self.session_max_minutes or self.jwt_refresh_token_expire_minutes

    def refresh_lifetime(self, *, remember: bool) -> timedelta:
        """How long one refresh token may live."""
        return self.remember_me_days if remember else self.jwt_refresh_token_expire_minutes

    def idle_limit(self, *, remember: bool) -> timedelta:
        """How long a session may stay unused."""
        return self.session_idle_minutes or self.refresh_lifetime(remember=remember)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.argon2_memory_kib < 8 * self.argon2_parallelism:  # RFC 9106, section 3.1
            raise ValueError("ARGON2_MEMORY_KIB must be at least 8 times ARGON2_PARALLELISM")
        domain = self.relying_party.id
        if not all(is_within(domain, origin) for origin in self.passkey_origins):
            raise ValueError(
                f"PASSKEY_ORIGINS must be https origins of {domain}, the domain of PUBLIC_URL, or below it"
            )
        if self.webhook_url is not None and not self.webhook_secret:
            raise ValueError("WEBHOOK_SECRET is missing: without a signature anybody could tell the receiver anything")
        if self.environment == "production" and (refusals := find_refusals(self)):
            raise ValueError("; ".join(refusals))
        return self


def load_settings(**known: Any) -> Settings:  # noqa: ANN401 values of any setting
    """Read the settings but those already `known`; ConfigurationError names each bad one and how to mend it."""
    try:
        return Settings(**known)
    except ValidationError as error:
        # A default that waits for the service's name is at no fault.
        faults = [item for item in error.errors() if item["type"] != "default_factory_not_called"]
        raise ConfigurationError("; ".join(_explain(item["loc"], item["msg"]) for item in faults)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(explain_unreadable(error)) from None


def explain_unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Say why the .env cannot be read, and nothing of what it holds."""
    if isinstance(error, UnicodeDecodeError):
        return f"{Settings.model_config.get('env_file')} is not UTF-8: save it as UTF-8"
    return f"{error.filename} cannot be read: {error.strerror}"


def _explain(loc: tuple[int | str, ...], message: str) -> str:
    name = str(loc[0]).upper() if loc else ""
    if message == "Field required":
        message = "is missing: put it in the environment or in Login/app/.env (python3 dev.py writes one)"
    return f"{name} {message}".strip().replace("Value error, ", "")
