"""Signatures as the Standard Webhooks specification 1.0 has them, so that receivers verify them with any library."""

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence

PREFIX = "whsec_"
TEXT = re.compile(r"whsec_[A-Za-z0-9+/]+={0,2}")
LENGTHS = range(24, 65)  # bytes
WANTED = "must be whsec_ and base64 of 24 to 64 random bytes"


def read_secret(text: str) -> bytes:
    """Return the key that a secret stands for; ValueError for anything else, without repeating it."""
    try:
        key = b64decode(text.removeprefix(PREFIX), validate=True) if TEXT.fullmatch(text) else b""
    except ValueError:  # the padding
        key = b""
    if len(key) not in LENGTHS:
        raise ValueError(WANTED)
    return key


def sign(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Sign a try of a message, at a time in seconds since 1970, under each secret: whoever knows one can verify it."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    digests = [hmac.digest(read_secret(secret), signed, "sha256") for secret in secrets]
    return " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)
