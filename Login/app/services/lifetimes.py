"""How long a token may live, whoever signed it: a key that leaked must not be worth ten years of access."""

import time
from datetime import timedelta

from app.auth import LOGIN_TOKEN_LIFETIME, Claims, Purpose
from app.config import Settings

ROUNDING = 1  # seconds: `exp` is a whole number, `iat` need not be
AHEAD = 86_400  # seconds; a clock that was ahead for less than a day shuts nobody out


def outlives(settings: Settings, purpose: Purpose, claims: Claims) -> bool:
    """Whether a token was made to live longer than today's settings let any of its purpose live.

    From its own `iat`, or from tomorrow where that lies later still: else a date in ten years would be as good.
    """
    begin = min(claims["iat"], time.time() + AHEAD)
    longest: timedelta = _longest(settings, purpose)
    return bool(claims["exp"] - begin > longest.total_seconds() + ROUNDING)


def _longest(settings: Settings, purpose: Purpose) -> timedelta:
    if purpose == "access":
        return settings.jwt_access_token_expire_minutes
    if purpose == "login":
        return LOGIN_TOKEN_LIFETIME
    return max(settings.refresh_lifetime(remember=remember) for remember in (False, True))
