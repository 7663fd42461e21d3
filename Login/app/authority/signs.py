"""What changes nothing and yet stands in an account's history: what was refused, asked for, or looked odd."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from app.authority.changes import Actor


class Sign(NamedTuple):
    """By whom it happens, and its outcome."""

    actor: Actor
    outcome: str


_REFUSED = Sign(Actor.SOMEBODY, "failure")
_CARED_FOR = Sign(Actor.OPERATOR, "success")  # of no account: their subject is SERVICES
_ODD = Sign(Actor.SERVICE, "unknown")

SIGNS: Mapping[str, Sign] = MappingProxyType(
    {
        "session.refused": _REFUSED,  # a sign-in; summed up by minute and address, or an attacker could make any number
        "proof.refused": _REFUSED,  # of somebody who is signed in; likewise
        "sign_ins.throttled": _ODD,
        "passkey.counter_went_back": _ODD,
        "password.reset_requested": Sign(Actor.SOMEBODY, "unknown"),
        "service.created": _CARED_FOR,
        "service.rotated": _CARED_FOR,
        "service.removed": _CARED_FOR,
        "email.claimed": Sign(Actor.SOMEBODY, "failure"),  # somebody wanted the address for an account of theirs
    }
)
SERVICES = "services"
SUMMED_UP = ("session.refused", "proof.refused")
