"""The backend's settings: typed, from the environment and the .env beside this file; unsafe ones stop production."""

import re
from datetime import timedelta
from email.utils import getaddresses, parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.common_passwords import check_list
from app.development_file import WithDevelopmentFile
from app.processors import default_hash_threads

ROOT = Path(__file__).parents[2]
SECRET_BYTES = 32  # RFC 7518, section 3.2: as long as the hash
SECRET_VARIETY = 10  # distinct characters; a repeated one is no secret
SAMPLE = re.compile(
    "change|replace|secret|password|example|sample|insecure|default|placeholder|keyboard|qwerty|bezkoder|123456|abcdef|your[-_]",
    re.IGNORECASE,
)
# Published in frameworks' tutorials, so long and random that no rule above finds them.
PUBLISHED = {
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "37c304f8-51aa-419a-a1af-06154e63707a",
    "3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b",
    "9a4f2c8d3b7a1e6f45c8a0b3f267d8b1d4e6f3c8a9d2b5f8e3a9c8b5f6v8a3d9",
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
}
# A popular web page's "random" keys run through a few fixed cycles of characters; these stand in each, also in hex.
CYCLES = ("PdSgVkY", "PeShVmY", "QeThWmZ", "QfTjWnZ", "RfUjXn2", "SgVkXp2", "ShVmYq3", "UkXp2s5")

BACKENDS = ("mariadb", "mysql", "sqlite")
ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?")
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
    try:
        url = make_url(secret.get_secret_value())
        url.get_dialect().import_dbapi()
    except (SQLAlchemyError, ImportError, ValueError):
        raise ValueError("must be an SQLAlchemy URL with percent-encoded password and an installed driver") from None
    if url.get_backend_name() not in BACKENDS:
        raise ValueError(f"must name one of the databases {', '.join(BACKENDS)}")
    return secret


def _check_mailbox(value: str) -> str:
    """Refuse what is no single mailbox: a header must not be split by a setting either."""
    if len(getaddresses([value])) != 1 or "@" not in parseaddr(value)[1] or not value.isprintable():
        raise ValueError("must be one mailbox, such as: Pupero <no-reply@example.com>")
    return value


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


def _check_storage(uri: SecretStr) -> SecretStr:
    if not uri.get_secret_value().startswith(("redis://", "rediss://")):
        raise ValueError("must be redis://host:port/number, or rediss:// for TLS")
    return uri


Positive = Field(gt=timedelta(0), le=timedelta(days=3650))
Seconds = Annotated[timedelta, _lift("seconds"), Positive]
Minutes = Annotated[timedelta, _lift("minutes"), Positive]
Days = Annotated[timedelta, _lift("days"), Positive]
Flag = Annotated[bool, BeforeValidator(_strip_comment)]
Count = Annotated[int, BeforeValidator(_strip_comment), Field(ge=1)]
SecretList = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split)]
Origin = Annotated[str, BeforeValidator(_strip_comment), AfterValidator(_check_origin)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


def find_weakness(secret: str) -> str | None:
    """Say why a secret must not sign anything that matters, or None."""
    if len(secret.encode()) < SECRET_BYTES:
        return f"is shorter than {SECRET_BYTES} bytes"
    if len(set(secret)) < SECRET_VARIETY:
        return "repeats a few characters"
    if any(secret.startswith(secret[period:]) for period in range(1, len(secret) // 2 + 1)):
        return "repeats a short text"
    if SAMPLE.search(secret) or secret in PUBLISHED or _is_generated(secret):
        return "looks like a sample"
    return None


def _is_generated(secret: str) -> bool:
    return any(cycle in secret or cycle.encode().hex() in secret.lower() for cycle in CYCLES)


class Settings(WithDevelopmentFile, BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).with_name(".env"), env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    database_url: Annotated[SecretStr, AfterValidator(_check_database)]
    jwt_secret_key: SecretStr
    jwt_access_token_expire_minutes: Minutes = timedelta(minutes=30)
    jwt_refresh_token_expire_minutes: Minutes = timedelta(minutes=1440)
    remember_me_days: Days = timedelta(days=30)
    anti_phishing_phrase_default: str = Field(default="Welcome to Pupero", min_length=1, max_length=255)
    sql_echo: Flag = False

    environment: Literal["development", "production"] = "development"
    jwt_previous_secret_keys: SecretList = []
    totp_encryption_keys: SecretList = []
    totp_issuer: str = Field(default="Pupero", min_length=1, max_length=64, pattern="^[^:]*$")
    session_max_minutes: Minutes | None = None
    session_idle_minutes: Minutes | None = None
    trusted_proxies: Annotated[list[Network], NoDecode, BeforeValidator(_split)] = Field(
        default_factory=lambda: [ip_network("127.0.0.1"), ip_network("::1")]
    )
    cors_allowed_origins: Annotated[list[Origin], NoDecode, BeforeValidator(_split)] = []
    rate_limit_storage_uri: Annotated[SecretStr, AfterValidator(_check_storage)] | None = None
    rate_limits_enabled: Flag = True
    log_user: Literal["email", "id", "none"] = "email"
    database_pool_size: Count = 8
    metrics_token: SecretStr | None = None
    drain_file: Path | None = None
    common_passwords_file: Annotated[Path, AfterValidator(check_list)] | None = None
    hash_threads: Count = Field(default_factory=default_hash_threads)
    argon2_time_cost: Annotated[Count, Field(le=1000)] = 3
    argon2_memory_kib: Annotated[Count, Field(ge=8, le=4 * 1024 * 1024)] = 65536
    argon2_parallelism: Annotated[Count, Field(le=255)] = 4

    smtp_host: str | None = None
    smtp_port: Annotated[int, BeforeValidator(_strip_comment), Field(ge=1, le=65535)] = 587
    smtp_secure: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout_seconds: Annotated[Seconds, Field(le=timedelta(seconds=60))] = timedelta(seconds=10)
    mail_from: Annotated[str, AfterValidator(_check_mailbox)] = "Pupero <no-reply@localhost>"
    mail_dir: Path = ROOT / "var" / "mail"
    mail_worker: Flag = True
    public_url: Annotated[str, AfterValidator(_check_public_url)] = "http://127.0.0.1:5000"
    require_verified_email: Flag = False
    prevent_enumeration: Flag = False
    email_change_requires_verification: Flag = False

    @property
    def signing_secrets(self) -> list[str]:
        """The key that signs, then those that only verify."""
        return [secret.get_secret_value() for secret in (self.jwt_secret_key, *self.jwt_previous_secret_keys)]

    @property
    def weakness(self) -> str | None:
        """Which secret must not face strangers, and why, or None; one that only verifies is as good to a forger."""
        named = [("JWT_SECRET_KEY", self.jwt_secret_key)]
        named += [("JWT_PREVIOUS_SECRET_KEYS", key) for key in self.jwt_previous_secret_keys]
        named += [("TOTP_ENCRYPTION_KEYS", key) for key in self.totp_encryption_keys]
        named += [("METRICS_TOKEN", self.metrics_token)] if self.metrics_token else []
        found = ((name, find_weakness(key.get_secret_value())) for name, key in named)
        return next((f"{name} {weakness}" for name, weakness in found if weakness), None)

    @property
    def delivers_mail(self) -> bool:
        """Whether mails can leave: over SMTP, or to the folder of a developer."""
        return self.smtp_host is not None or self.environment == "development"

    @property
    def needs_verified_email(self) -> bool:
        """Whether only a confirmed address may sign in."""
        return self.require_verified_email or self.prevent_enumeration

    @property
    def confirms_email_changes(self) -> bool:
        """Whether a new address counts only once its mailbox agrees; a change at once would say which are taken."""
        return self.email_change_requires_verification or self.prevent_enumeration

    def session_lifetime(self, *, remember: bool) -> timedelta:
        """How long a session may live, however often it is refreshed."""
        if remember:
            return self.remember_me_days
        return self.session_max_minutes or self.jwt_refresh_token_expire_minutes

    def refresh_lifetime(self, *, remember: bool) -> timedelta:
        """How long one refresh token may live."""
        return self.remember_me_days if remember else self.jwt_refresh_token_expire_minutes

    def idle_limit(self, *, remember: bool) -> timedelta:
        """How long a session may stay unused."""
        return self.session_idle_minutes or self.refresh_lifetime(remember=remember)

    @model_validator(mode="after")
    def _give_each_lane_its_memory(self) -> Self:
        if self.argon2_memory_kib < 8 * self.argon2_parallelism:  # RFC 9106, section 3.1
            raise ValueError("ARGON2_MEMORY_KIB must be at least 8 times ARGON2_PARALLELISM")
        return self

    @model_validator(mode="after")
    def _refuse_unsafe_production(self) -> Self:
        if self.environment != "production":
            return self
        if not self.rate_limits_enabled:
            raise ValueError("RATE_LIMITS_ENABLED=false is for measurements: production refuses it")
        if self.weakness:
            raise ValueError(f"{self.weakness}: production refuses it")
        return self

    @model_validator(mode="after")
    def _refuse_unsafe_mail(self) -> Self:
        """Refuse production with links or credentials in the clear, or with promises of mail and no server."""
        if self.environment != "production":
            return self
        sends_links = self.smtp_host is not None or "public_url" in self.model_fields_set
        if sends_links and not self.public_url.startswith("https://"):
            raise ValueError("PUBLIC_URL must begin with https:// in production: mails carry links to it")
        if self.smtp_host is not None and "mail_from" not in self.model_fields_set:
            raise ValueError("MAIL_FROM is missing: SMTP servers want to know who writes")
        if self.smtp_user is not None and self.smtp_secure == "none":
            raise ValueError("SMTP_SECURE=none would send SMTP_PASSWORD in the clear: production refuses it")
        for name in ("require_verified_email", "prevent_enumeration", "email_change_requires_verification"):
            if getattr(self, name) and not self.delivers_mail:
                raise ValueError(f"{name.upper()} needs mail: set SMTP_HOST")
        return self


def load_settings(**known: Any) -> Settings:  # noqa: ANN401 values of any setting
    """Read the settings but those already `known`; ConfigurationError names each bad one and how to mend it."""
    try:
        return Settings(**known)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_explain(item["loc"], item["msg"]) for item in error.errors())) from None
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
