"""Keys for each purpose, derived from the configured secrets so that none can stand in for another."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True)
class Key:
    """A secret and the public name by which tokens and ciphertexts refer to it."""

    kid: str
    secret: bytes


def derive(secret: bytes, purpose: str) -> bytes:
    """Derive 32 bytes for one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"pupero {purpose}".encode()).derive(secret)


def name_key(secret: bytes) -> Key:
    """Give a secret its name, which tells nothing about it."""
    return Key(derive(secret, "kid")[:6].hex(), secret)


@dataclass(frozen=True)
class Keyrings:
    """The keys by purpose; in each, the first signs or encrypts, and all verify or decrypt.

    Throttles have one key: under a new one their counters simply start anew.
    """

    tokens: tuple[Key, ...]
    login: tuple[Key, ...]
    secrets: tuple[Key, ...]
    throttles: bytes


def make_keyrings(signing: Sequence[str], encryption: Sequence[str]) -> Keyrings:
    """Make the rings from JWT_SECRET_KEY with its predecessors, and from TOTP_ENCRYPTION_KEYS if there are any.

    Derived encryption keys stay in the ring: rows from before TOTP_ENCRYPTION_KEYS was set must still open.
    """
    raw = [secret.encode() for secret in signing]
    own = [derive(secret.encode(), "secrets at rest") for secret in encryption]
    derived = [derive(secret, "secrets at rest, by default") for secret in raw]
    return Keyrings(
        tokens=tuple(name_key(secret) for secret in raw),
        login=tuple(name_key(derive(secret, "login token")) for secret in raw),
        secrets=tuple(name_key(secret) for secret in own + derived),
        throttles=derive(raw[0], "throttles"),
    )
