"""Settings from FlaskProject/.env, whatever the working directory; the process environment wins."""

import ipaddress
import logging
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values

from FlaskProject.languages.known import KNOWN, SOURCE
from FlaskProject.settings.accents import find_tones
from FlaskProject.settings.brand import NAME, Brand, make_brand
from FlaskProject.settings.logos import read_logo
from FlaskProject.settings.service_names import parse_name
from FlaskProject.settings.sibling_hosts import is_below, parse_domain, parse_origins
from FlaskProject.settings.stray_env import own_environment
from FlaskProject.settings.weak_keys import weakness_of

log = logging.getLogger(__name__)

ENV_FILE = Path(__file__).with_name(".env")
UNKNOWN = ipaddress.ip_address("::")  # neither this machine's nor the internet's
Value = TypeVar("Value")


class ConfigError(Exception):
    """A setting that cannot stand; the message names it and never its value."""


@dataclass(frozen=True)
class Config:
    """Everything that the pages can be told."""

    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    secret_key_weakness: str | None = None
    backend_url: str = "http://localhost:8000"
    backend_ca_bundle: Path | None = None
    remember_me: timedelta = timedelta(days=30)
    secure_cookies: bool = False
    samesite: str = "Lax"
    cookie_domain: str | None = None
    return_origins: tuple[str, ...] = ()
    environment: str = "development"
    trusted_proxy_count: int = 0
    drain_file: Path | None = None
    threads: int = 64
    hsts_include_subdomains: bool = False
    brand: Brand = field(default=Brand(), repr=False)
    default_language: str = SOURCE.tag


def load_config(process: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> Config:
    """Read and check every setting; the first that cannot stand raises ConfigError."""
    settings = _gather(own_environment() if process is None else process, env_file)
    environment = _read(settings, "ENVIRONMENT", _one_of("development", "production"), "development")
    key, weakness = _secret_key(settings, environment)
    secure = _read(settings, "SECURE_COOKIES", _boolean, default=False)
    _refuse_unsafe(settings, environment, weakness, secure=secure)
    samesite = _read(settings, "SESSION_COOKIE_SAMESITE", _one_of("Lax", "Strict", "None"), "Lax")
    if samesite == "None" and not secure:
        raise ConfigError("SESSION_COOKIE_SAMESITE: browsers drop a None cookie unless SECURE_COOKIES=true")
    domain, origins = _sibling_hosts(settings, secure=secure)
    return Config(
        secret_key=key,
        secret_key_fallbacks=_fallbacks(settings),
        secret_key_weakness=weakness,
        backend_url=_read(settings, "BACKEND_URL", _http_url, Config.backend_url),
        backend_ca_bundle=_read(settings, "REQUESTS_CA_BUNDLE", _certificates, None),
        remember_me=timedelta(days=_read(settings, "REMEMBER_ME_DAYS", _whole_number(1, 3650), 30)),
        secure_cookies=secure,
        samesite=samesite,
        cookie_domain=domain,
        return_origins=origins,
        environment=environment,
        trusted_proxy_count=_read(settings, "TRUSTED_PROXY_COUNT", _whole_number(0, 20), 0),
        drain_file=_read(settings, "DRAIN_FILE", Path, None),
        hsts_include_subdomains=_read(settings, "HSTS_INCLUDE_SUBDOMAINS", _boolean, default=False),
        brand=_brand(settings),
        default_language=_read(settings, "DEFAULT_LANGUAGE", _one_of(*KNOWN), SOURCE.tag),
        threads=_read(settings, "THREADS", _whole_number(1, 1000), Config.threads),
    )


def is_loopback(address: str | None) -> bool:
    """Tell whether an address can only be this machine's."""
    return _parse(address).is_loopback


def is_public(address: str | None) -> bool:
    """Tell whether an address is one of the internet, and not of a private network, this machine or a test."""
    return _parse(address).is_global


def _parse(address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return UNKNOWN
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _gather(process: Mapping[str, str], env_file: Path) -> dict[str, str]:
    """Lay the process environment over the file; an empty value counts as unset, a name in small letters as any."""
    merged = {name.upper(): value for name, value in _read_file(env_file).items() if value and value.strip()}
    return merged | {name.upper(): value for name, value in process.items() if value.strip()}


def _read_file(env_file: Path) -> dict[str, str | None]:
    try:
        # A `$` in a generated secret is a character, not a variable; Windows editors begin a file with a BOM.
        return dotenv_values(env_file, interpolate=False, encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{env_file}: must be text in UTF-8") from None
    except OSError as problem:
        raise ConfigError(f"{env_file}: cannot be read ({problem.strerror})") from None


def _read(settings: Mapping[str, str], name: str, parse: Callable[[str], Value], default: Value) -> Value:
    raw = settings.get(name)
    if raw is None:
        return default
    # `docker run --env-file` keeps what dotenv strips: a comment behind the value.
    value = raw.split(" #", maxsplit=1)[0].strip()
    try:
        return parse(value)
    except ValueError as problem:
        raise ConfigError(f"{name}: {problem}") from None


def _secret_key(settings: Mapping[str, str], environment: str) -> tuple[str, str | None]:
    key = settings.get("SECRET_KEY")
    weakness = "is not set" if key is None else weakness_of(key)
    if environment == "production":
        return key or "", weakness
    if key is None:
        log.warning("SECRET_KEY is not set: using one that ends with this process (development, one worker only)")
        return secrets.token_urlsafe(48), None
    if weakness:
        log.warning("SECRET_KEY %s: the pages answer visitors on this machine only", weakness)
    return key, weakness


def _fallbacks(settings: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(key.strip() for key in settings.get("SECRET_KEY_FALLBACKS", "").split(",") if key.strip())


def _refuse_unsafe(settings: Mapping[str, str], environment: str, weakness: str | None, *, secure: bool) -> None:
    """Say all at once that production refuses."""
    if environment != "production":
        return
    refusals = [f"SECRET_KEY: {weakness}; production needs at least 32 random bytes"] if weakness else []
    # A weak previous key forges today's cookies just as well as a weak current one.
    weak = next((why for why in map(weakness_of, _fallbacks(settings)) if why), None)
    refusals += [f"SECRET_KEY_FALLBACKS: a key {weak}"] if weak else []
    if not secure:
        refusals += ["SECURE_COOKIES: must be true in production, where the pages are served over HTTPS"]
    if refusals:
        raise ConfigError("; ".join(refusals))


def _brand(settings: Mapping[str, str]) -> Brand:
    accent = _read(settings, "ACCENT_COLOUR", find_tones, None)
    logo = _read(settings, "LOGO_FILE", read_logo, None)
    return make_brand(_read(settings, "SERVICE_NAME", parse_name, NAME), accent, logo)


def _sibling_hosts(settings: Mapping[str, str], *, secure: bool) -> tuple[str | None, tuple[str, ...]]:
    """Read which hosts see the sign-in, and where it leads back to."""
    domain = _read(settings, "COOKIE_DOMAIN", parse_domain, None)
    nowhere: tuple[str, ...] = ()
    origins = _read(settings, "RETURN_ORIGINS", parse_origins, nowhere)
    if domain and not secure:
        raise ConfigError("COOKIE_DOMAIN: browsers drop its cookies unless SECURE_COOKIES=true")
    if domain and not all(is_below(origin, domain) for origin in origins):
        raise ConfigError("RETURN_ORIGINS: one of them is not below COOKIE_DOMAIN, so it would never see a sign-in")
    return domain, origins


def _boolean(value: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if value.lower() not in words:
        raise ValueError("must be true or false")
    return words[value.lower()]


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        for choice in choices:
            if value.lower() == choice.lower():
                return choice
        raise ValueError(f"must be one of {', '.join(choices)}")

    return parse


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and least <= int(value[:9]) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return parse


def _certificates(value: str) -> Path:
    try:
        ssl.create_default_context(cafile=value)
    except OSError:
        raise ValueError("must be a file of certificates (PEM) that can be read") from None
    return Path(value)


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address such as http://127.0.0.1:8000")
    return value.rstrip("/")
