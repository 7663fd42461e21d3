"""Secrets at rest that must be read back: AES-256-GCM under rotating keys, each ciphertext naming its key."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.secrets.keys import Key

NONCE_BYTES = 12


class UnreadableSecret(Exception):
    """No configured key opens this ciphertext, or it was made for another place."""


def encrypt(plaintext: str, place: str, ring: Sequence[Key]) -> str:
    """Encrypt under the ring's first key; `place` (such as `totp:<user>`) ties the ciphertext to its row."""
    key, nonce = ring[0], secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(key.secret).encrypt(nonce, plaintext.encode(), place.encode())
    return f"{key.kid}.{urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(ciphertext: str, place: str, ring: Sequence[Key]) -> str:
    """Decrypt what `encrypt` made for the same place, or raise UnreadableSecret."""
    kid, _, body = ciphertext.partition(".")
    key = next((key for key in ring if key.kid == kid), None)
    if key is None:
        raise UnreadableSecret(f"no configured key is called {kid!r}")
    try:
        raw = urlsafe_b64decode(body)
        return AESGCM(key.secret).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise UnreadableSecret(f"key {kid!r} does not open this") from error
