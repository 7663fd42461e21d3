"""Who passkeys are made for: a domain, and the origins whose pages may use them; from settings, never from Host."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.settings.production import is_this_machine

LOCAL = "localhost"
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class RelyingParty:
    """The domain that keys are bound to for good, the name that browsers show, and the origins of our pages."""

    id: str
    name: str
    origins: tuple[str, ...]


def find_relying_party(public_url: str, name: str, more_origins: Sequence[str]) -> RelyingParty:
    """Take the domain of the pages; browsers know no passkeys on an IP address, so this machine's is `localhost`."""
    parts = urlsplit(public_url)
    host = _to_ascii(parts.hostname or "")
    host = LOCAL if is_this_machine(host) else host
    port = "" if parts.port in {None, DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
    return RelyingParty(host, name, (f"{parts.scheme}://{host}{port}", *more_origins))


def is_within(rp_id: str, origin: str) -> bool:
    """Whether browsers let a page of this origin use the domain's passkeys."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    is_secure = parts.scheme == "https" or host == LOCAL
    return is_secure and (host == rp_id or host.endswith(f".{rp_id}"))


def _to_ascii(host: str) -> str:
    """Write a domain as browsers do in an origin."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host
