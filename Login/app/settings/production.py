"""What production refuses: each setting with which the API would serve strangers and could not protect them."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.config import Settings

# OWASP's Password Storage Cheat Sheet: so many KiB at least, by the number of passes.
OWASP_KIB = {1: 47104, 2: 19456, 3: 12288, 4: 9216, 5: 7168}
LONGEST_ACCESS = timedelta(days=1)  # whoever comes upon a token has it for so long; refresh tokens are for more
WIDEST = {4: 8, 6: 16}  # prefixes: no network of anybody's own is wider
OWN_V6 = IPv6Network("fc00::/7")
NEED_MAIL = ("require_verified_email", "prevent_enumeration", "email_change_requires_verification")


def find_refusals(settings: "Settings") -> list[str]:
    """Say all that stands against production, each with its remedy and without any value that is a secret."""
    return [*_of_guesses(settings), *_of_mail(settings)]


def least_memory(passes: int) -> int:
    """Return the KiB that a hash of so many passes must take at least."""
    return OWASP_KIB[min(passes, max(OWASP_KIB))]


def is_everybody(network: IPv4Network | IPv6Network) -> bool:
    """Whether strangers are in this network too."""
    own = isinstance(network, IPv6Network) and network.subnet_of(OWN_V6)
    return network.prefixlen < WIDEST[network.version] and not own


def is_this_machine(host: str) -> bool:
    """Whether what is sent to this host never leaves the machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _of_guesses(settings: "Settings") -> Iterator[str]:
    yield from (f"{weakness}: production refuses it" for weakness in settings.weaknesses)
    if settings.jwt_access_token_expire_minutes > LONGEST_ACCESS:
        yield "JWT_ACCESS_TOKEN_EXPIRE_MINUTES must be at most 1440 in production: refresh tokens are for longer"
    if not settings.rate_limits_enabled:
        yield "RATE_LIMITS_ENABLED=false is for measurements: production refuses it"
    if wide := [str(network) for network in settings.trusted_proxies if is_everybody(network)]:
        yield f"TRUSTED_PROXIES has {', '.join(wide)}, where anybody may claim any address: name your own proxies"
    passes = settings.argon2_time_cost
    if settings.argon2_memory_kib < least_memory(passes):
        yield f"ARGON2_MEMORY_KIB must be {least_memory(passes)} or more in production at ARGON2_TIME_COST={passes}"


def _of_mail(settings: "Settings") -> Iterator[str]:
    sends = settings.smtp_host is not None
    if (sends or "public_url" in settings.model_fields_set) and not settings.public_url.startswith("https://"):
        yield "PUBLIC_URL must begin with https:// in production: mails carry links to it"
    if sends and "mail_from" not in settings.model_fields_set:
        yield "MAIL_FROM is missing: SMTP servers want to know who writes"
    for name in NEED_MAIL:
        if getattr(settings, name) and not sends:
            yield f"{name.upper()} needs mail: set SMTP_HOST"
    if settings.smtp_host is None or settings.smtp_secure != "none":
        return
    if settings.smtp_user is not None:
        yield "SMTP_SECURE=none would send SMTP_PASSWORD in the clear: production refuses it"
    elif not settings.smtp_private_network and not is_this_machine(settings.smtp_host):
        yield (
            "SMTP_SECURE=none would send links in the clear that open accounts: set starttls or tls, or "
            "SMTP_PRIVATE_NETWORK=true where only your own machines are between"
        )
