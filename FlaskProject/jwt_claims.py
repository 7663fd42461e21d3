"""Reads a token's times, unverified: only to know when to refresh and how long a cookie may stay."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass


@dataclass(frozen=True)
class Claims:
    """The three claims that cookies depend on; they decide nothing about access."""

    issued: int
    ends: int
    remember: bool

    @property
    def lifetime(self) -> int:
        """Seconds from issue to end."""
        return max(0, self.ends - self.issued)


def claims_of(token: str) -> Claims | None:
    """Read the payload of a JWT; None when there is nothing sensible in it."""
    try:
        payload = token.split(".")[1]
        data = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        issued, ends, remember = data["iat"], data["exp"], data.get("rem")
    # A hand-made cookie may hold any JSON, ten thousand brackets included.
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if type(issued) is not int or type(ends) is not int:
        return None
    return Claims(issued, ends, remember is True)
