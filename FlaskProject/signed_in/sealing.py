"""What a browser keeps for us and nobody else reads: AES-256-GCM for some minutes, tied to what and whom it is for."""

import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from FlaskProject.backend.answers import Json

NONCE_BYTES = 12
SKEW_SECONDS = 60  # between the clocks of two processes that serve one browser


def seal(content: Json, place: str, keys: Sequence[str]) -> str:
    """Encrypt under the first key; `place` names the cookie and its owner."""
    plain = json.dumps([int(time.time()), content], ensure_ascii=False, separators=(",", ":"))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _cipher(keys[0]).encrypt(nonce, plain.encode(), place.encode())
    return urlsafe_b64encode(nonce + sealed).decode()


def unseal(value: str, place: str, keys: Sequence[str], seconds: float) -> Json | None:
    """Decrypt what was sealed for the same place under any of the keys, no longer ago than these seconds."""
    for key in keys:
        try:
            raw = urlsafe_b64decode(value)
            plain = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            continue
        sealed_at, content = cast("tuple[float, Any]", json.loads(plain))
        return content if -SKEW_SECONDS <= time.time() - sealed_at <= seconds else None
    return None


@lru_cache(maxsize=8)
def _cipher(key: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), length=32, salt=None, info=b"sealed cookies").derive(key.encode()))
