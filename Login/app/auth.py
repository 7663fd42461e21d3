"""The cryptography of signing in: Argon2, JWT, TOTP, links. Values in, values out."""

import hashlib
import hmac
import json
import logging
import re
import secrets
import time
import unicodedata
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

import pyotp
from jose import jwk, jws
from jose.backends.base import Key as JwsKey
from passlib.context import CryptContext

from app.secrets.keys import Key

logger = logging.getLogger(__name__)

# --- passwords ---------------------------------------------------------------------------------------------------


class PasswordHasher:
    """Argon2id through passlib (RFC 9106), with a stand-in for accounts that don't exist."""

    def __init__(self, *, time_cost: int, memory_kib: int, parallelism: int) -> None:
        """Take the cost of each new hash: passes, KiB of memory, lanes."""
        self._context = CryptContext(
            schemes=["argon2"],
            argon2__type="ID",
            argon2__time_cost=time_cost,
            argon2__memory_cost=memory_kib,
            argon2__parallelism=parallelism,
        )
        cost = f"m={memory_kib},t={time_cost},p={parallelism}"
        salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
        self._nobody = f"$argon2id$v=19${cost}${salt}${digest}"

    def hash(self, password: str) -> str:
        """Hash a password that has been normalised."""
        return self._context.hash(password)

    def verify(self, password: str, stored: str | None) -> bool:
        """Compare in the time of one hash, also when there is no account or no usable hash (then False)."""
        try:
            return self._context.verify(password, stored or self._nobody) and stored is not None
        except ValueError:
            logger.exception("a stored password hash cannot be read")
            return self._context.verify(password, self._nobody) and False

    def is_outdated(self, stored: str) -> bool:
        """Whether a stored hash was made with other costs than today's."""
        return self._context.needs_update(stored)


# --- tokens ------------------------------------------------------------------------------------------------------

Purpose: TypeAlias = Literal["access", "refresh", "login"]
Claims: TypeAlias = Mapping[str, Any]

ALGORITHM = "HS256"
ISSUER = "pupero"
HEADER_MEMBERS = {"alg", "typ", "kid"}  # no keys or addresses of keys, nothing critical, compressed or unencoded
IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)  # what `sub`, `sid` and `jti` look like
TIME_MAX = 253_402_300_799  # the last second that a datetime can hold; beyond it, comparing would fail
TOKEN_MAX = 4096  # characters; a longer one could exhaust the JSON parser's recursion
TOKENS_KEPT = 4096  # of those that were verified last; about 6 MB
LOGIN_TOKEN_LIFETIME = timedelta(minutes=5)


class InvalidToken(Exception):
    """The token is damaged, forged, incomplete, or was made for another purpose."""


class ExpiredToken(InvalidToken):
    """The token was ours and is past its end."""


def make_id() -> str:
    """Make an unguessable identifier of 128 bits, in 22 URL-safe characters."""
    return secrets.token_urlsafe(16)


def audience(purpose: Purpose) -> str:
    """Name who may take a token of this purpose (RFC 8725, section 3.9)."""
    return f"{ISSUER}:{purpose}"


def encode_token(purpose: Purpose, claims: Claims, ring: Sequence[Key]) -> str:
    """Sign `claims` for one purpose; the same claims always give the same token."""
    fixed = {"iss": ISSUER, "aud": audience(purpose), "typ": purpose}
    return jws.sign({**fixed, **claims}, _prepare(ring[0].secret), {"kid": ring[0].kid}, ALGORITHM)


def decode_token(purpose: Purpose, token: str, ring: tuple[Key, ...]) -> Claims:
    """Return the claims of a token made for this purpose, or raise InvalidToken or ExpiredToken."""
    claims = _read_token(purpose, token, ring)
    if claims["exp"] < int(time.time()):
        raise ExpiredToken("past its end")
    return claims


@lru_cache(TOKENS_KEPT)
def _read_token(purpose: Purpose, token: str, ring: tuple[Key, ...]) -> Claims:
    """Return the claims of a token that was signed by us for this purpose, whether it has ended or not.

    Kept for the calls that follow with the same text; what is refused is not kept. The parsers raise far more than
    their own errors: RecursionError, TypeError, AttributeError.
    """
    if len(token) > TOKEN_MAX or not _is_canonical(token):
        raise InvalidToken("not the text of a token")
    try:
        payload = _verify_signature(token, ring)
    except Exception as error:
        raise InvalidToken("not signed by us") from error
    try:
        claims: dict[str, Any] = json.loads(payload)
        complete = _is_complete(claims, purpose)
    except Exception as error:
        raise InvalidToken("not a set of claims") from error
    if not complete:
        raise InvalidToken("not made for this purpose")
    return MappingProxyType(claims)


def _verify_signature(token: str, ring: tuple[Key, ...]) -> bytes:
    """Return what was signed by a key of the ring, the one that the header names if it is there."""
    header = jws.get_unverified_header(token)
    if not header.keys() <= HEADER_MEMBERS:
        raise InvalidToken("a header member that is not ours")
    keys = [key for key in ring if key.kid == header.get("kid")] or ring
    verifiers: Any = [_prepare(key.secret) for key in keys]  # the stubs know of one key only
    return jws.verify(token, verifiers, [ALGORITHM])


@lru_cache
def _prepare(secret: bytes) -> JwsKey:
    """Prepare a key once: to make it anew for each token costs more than the signature."""
    return jwk.construct(secret, ALGORITHM)


def _is_canonical(token: str) -> bool:
    """Whether each part is base64url in its one form; the library would take altered signatures otherwise."""
    parts = token.split(".")
    if len(parts) != 3 or not all(re.fullmatch(r"[A-Za-z0-9_-]+", part, re.ASCII) for part in parts):  # noqa: PLR2004 a JWS has three parts
        return False
    try:
        return all(
            urlsafe_b64encode(urlsafe_b64decode(p + "=" * (-len(p) % 4))).decode().rstrip("=") == p for p in parts
        )
    except ValueError:
        return False


def _is_complete(claims: Claims, purpose: Purpose) -> bool:
    """Whether every claim is there, of its type, and ours (RFC 8725, sections 3.8 to 3.11)."""
    texts = ("sub", "jti") if purpose == "login" else ("sub", "jti", "sid")
    begin = claims.get("nbf", 0)
    return (
        claims.get("iss") == ISSUER
        and claims.get("aud") == audience(purpose)
        and claims.get("typ") == purpose
        and all(isinstance(claims.get(name), str) and IDENTIFIER.fullmatch(claims[name]) for name in texts)
        and all(_is_time(moment) for moment in (claims.get("iat"), claims.get("exp"), begin))
        and begin <= time.time()
        and (purpose != "refresh" or type(claims.get("gen")) is int)
    )


def _is_time(value: object) -> bool:
    """Whether this is a NumericDate (RFC 7519, section 2); true and false are numbers to Python, and none here."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < TIME_MAX


@dataclass(frozen=True)
class Pair:
    """What a login or a refresh hands out."""

    access_token: str
    refresh_token: str


@dataclass(frozen=True)
class Line:
    """A session as its tokens see it: the refresh token is a function of nothing but these."""

    sub: str
    sid: str
    generation: int
    rotated_at: datetime
    refresh_until: datetime
    remember: bool
    amr: str | None = None


def make_pair(line: Line, now: datetime, access_lifetime: timedelta, ring: Sequence[Key]) -> Pair:
    """Make a new access token, and the one refresh token of this generation."""
    access = {"iat": int(now.timestamp()), "exp": int((now + access_lifetime).timestamp()), "jti": make_id()}
    refresh = {
        "iat": line.rotated_at.timestamp(),  # with its fraction (RFC 7519, section 2): the grace period is judged by it
        "exp": int(line.refresh_until.timestamp()),
        "jti": f"{line.sid}.{line.generation}",
        "gen": line.generation,
        "rem": line.remember,
    }
    who = {"sub": line.sub, "sid": line.sid}
    how = {"amr": line.amr.split()} if line.amr else {}  # RFC 8176; sessions from before it was kept have none
    return Pair(encode_token("access", who | access | how, ring), encode_token("refresh", who | refresh, ring))


# --- second factor -----------------------------------------------------------------------------------------------

STEP_SECONDS = 30
WINDOW = 1  # steps either way (RFC 6238, section 5.2)
DRIFT_WINDOW = 10  # steps either way in which a code tells of a wrong clock
FILLERS = {"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"}  # blanks, line breaks, invisible characters, dashes
MINUS = "\u2212"


def make_totp_secret() -> str:
    """Make a secret of 160 bits (RFC 4226, R6) as 32 base 32 characters."""
    return pyotp.random_base32(32)


def provisioning_uri(secret: str, account: str, issuer: str) -> str:
    """Make what the QR picture says: every character of the names encoded, for a slash would end one in some apps."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer, safe='')}"


def normalize_code(typed: str) -> str:
    """Return a typed code without blanks, dashes and case, its digits in ASCII.

    Dashes of every kind, and what is not to be seen: text that is pasted from elsewhere brings such things along.
    """
    plain = unicodedata.normalize("NFKC", typed)
    shown = (c for c in plain if unicodedata.category(c) not in FILLERS and c != MINUS)
    return "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in shown).upper()


def find_totp_step(secret: str, code: str, now: datetime, window: int = WINDOW) -> int | None:
    """Return the step whose code this is, looking so many steps either way, or None; takes the same time for all."""
    if not re.fullmatch("[0-9]{6}", code):
        return None
    totp, current, found = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS, None
    for step in range(current - window, current + window + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


# --- links from mails --------------------------------------------------------------------------------------------


def make_one_time_token() -> tuple[str, bytes]:
    """Make a token of 256 bits for a link, and the hash of it that is stored."""
    token = secrets.token_urlsafe(32)
    return token, hash_one_time_token(token)


def hash_one_time_token(token: str) -> bytes:
    """Hash a token from a link; a plain hash suffices for 256 random bits (ASVS 6.5.2)."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def utc(timestamp: float) -> datetime:
    """Read a NumericDate (RFC 7519, section 2)."""
    return datetime.fromtimestamp(timestamp, UTC)
