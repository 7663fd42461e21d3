"""Secrets from files: NAME_FILE names the file that holds NAME, so that no container's description shows a secret."""

from collections.abc import Mapping
from pathlib import Path

# Named one by one: SSL_CERT_FILE and others of that ending are no secrets of ours.
NAMES = (
    "APP_PASSWORD",
    "DATABASE_URL",
    "DB_PASSWORD",
    "JWT_PREVIOUS_SECRET_KEYS",
    "JWT_SECRET_KEY",
    "METRICS_TOKEN",
    "RATE_LIMIT_STORAGE_URI",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SMTP_PASSWORD",
    "TOTP_ENCRYPTION_KEYS",
)


class SecretFileError(Exception):
    """A file that cannot be used; the message never shows what is in one."""


def read_secret_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Read each secret whose file is named; one given both ways is refused, because one of them would be ignored."""
    return {name: _read(name, environment) for name in NAMES if environment.get(f"{name}_FILE")}


def _read(name: str, environment: Mapping[str, str]) -> str:
    if environment.get(name):
        raise SecretFileError(f"{name} and {name}_FILE are both set: leave one away")
    try:
        return Path(environment[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileError(f"{name}_FILE cannot be read: {type(error).__name__}") from None
