"""The values of flags, each read or refused in words that say how it is written; none is repeated."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.authority.changes import CHANGES
from app.authority.signs import SIGNS
from app.clients.addresses import parse_address

UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def read_number(least: int, most: int, what: str) -> Callable[[str], int]:
    """Make a reader of whole numbers within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,7}", text, re.ASCII) or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{what} is a number from {least} to {most}")
        return int(text)

    return read


def read_address(text: str) -> str:
    """Read a client address in any spelling, and return it as the API stores it."""
    address = parse_address(text)
    if address is None:
        raise ArgumentTypeError("a client address is one such as 203.0.113.9 or 2001:db8::9")
    return str(address)


def read_since(text: str) -> timedelta | datetime:
    """Read how long ago, or a moment by ISO 8601, which is in UTC unless it says otherwise."""
    if ago := re.fullmatch(r"([0-9]{1,4})([dhm])", text, re.ASCII):
        return timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        wanted = "how long ago (2d, 12h, 30m), or one such as 2026-11-23 or 2026-11-23T16:21 (UTC)"
        raise ArgumentTypeError(f"a time is {wanted}") from None


def read_kinds(text: str) -> tuple[str, ...]:
    """Read a kind of event, or what the dotted names of several begin with; a typo must not look like no event."""
    known = [kind for kind in (*CHANGES, *SIGNS) if kind == text or kind.startswith(f"{text}.")]
    if not known:
        raise ArgumentTypeError(
            "there is no such kind of event: one is session.refused, and session means all below it"
        )
    return tuple(known)
