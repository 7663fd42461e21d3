"""Which content of a static file an address means."""

import hashlib
from functools import lru_cache
from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"
ENDPOINTS = {"static", "brand.logo", "brand.style"}  # the same for everybody, and no secret


@lru_cache(maxsize=64)  # bounded: one file has many spellings
def version_of(name: str) -> str:
    """Return what changes with the content of a file that is there."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
