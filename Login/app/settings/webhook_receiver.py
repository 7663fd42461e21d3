"""WEBHOOK_URL: where webhooks go, by https or to this machine; a leaf, for the settings too."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from app.settings.production import is_this_machine

PORTS = {"https": 443, "http": 80}
WANTED = "must be an https address such as https://example.com/webhooks, or http://localhost for this machine alone"
PRINTABLE = re.compile(r"[!-~]+")


class Receiver(NamedTuple):
    """Who is sent webhooks: `authority` as a Host header has it, `target` as a request line has it."""

    is_encrypted: bool
    host: str
    port: int
    authority: str
    target: str

    @property
    def is_local(self) -> bool:
        """Whether it is this machine by name, and so never another."""
        return is_this_machine(self.host)


def read_receiver(url: str) -> Receiver:
    """Take an address apart, or raise ValueError, which repeats none of it: its path may be a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError(WANTED) from None
    host, is_encrypted = parts.hostname or "", parts.scheme == "https"
    if not host or not PRINTABLE.fullmatch(url) or parts.fragment or "@" in parts.netloc:
        raise ValueError(WANTED)
    if not is_encrypted and not is_this_machine(host):
        raise ValueError(WANTED)
    query = f"?{parts.query}" if parts.query else ""
    return Receiver(is_encrypted, host, port, parts.netloc, f"{parts.path or '/'}{query}")
