"""Reads a token, unverified: only to know whose it is, when to refresh it and how long its cookie may stay."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any

ISSUER = "pupero"  # what the API signs its tokens as
LATEST = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True)
class Claims:
    """The claims that cookies depend on; they decide nothing about access, for nobody has verified them."""

    issued: float
    ends: float
    remember: bool
    ours: bool
    subject: str = ""
    session: str = ""

    @property
    def lifetime(self) -> int:
        """Seconds from issue to end."""
        return max(0, int(self.ends - self.issued))


def claims_of(token: str) -> Claims | None:
    """Read the payload of a JWT; None when there is nothing sensible in it."""
    try:
        payload = token.split(".")[1]
        data = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        issued, ends, remember = data["iat"], data["exp"], data.get("rem")
    # A hand-made cookie may hold any JSON, ten thousand brackets included.
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if not (_is_time(issued) and _is_time(ends)):
        return None
    subject, sign_in = (_name(data.get(claim)) for claim in ("sub", "sid"))
    return Claims(issued, ends, remember is True, data.get("iss") == ISSUER, subject, sign_in)


def _name(value: Any) -> str:  # noqa: ANN401 whatever JSON holds
    return value if isinstance(value, str) and value.isascii() else ""


def _is_time(value: Any) -> bool:  # noqa: ANN401 likewise
    return type(value) in {int, float} and 0 <= value <= LATEST
