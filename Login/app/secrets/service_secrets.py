"""The secret by which a service proves who it is: 256 random bits, of which a hash is kept."""

import hashlib
import re
import secrets

NAME = re.compile("[a-z][a-z0-9_-]{0,31}", re.ASCII)
SCOPES = ("username", "email", "role")  # what a service may be told about people, beside their ids


def make_secret() -> tuple[str, bytes]:
    """Make a secret, to be shown once, and the hash of it that is stored."""
    secret = secrets.token_urlsafe(32)
    return secret, hash_secret(secret)


def hash_secret(secret: str) -> bytes:
    """Hash a secret; a plain hash suffices for 256 random bits (ASVS 6.5.2)."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
