"""Files that settings make rather than the folder `static`: kept whole, with what changes when their content does."""

import hashlib
from typing import NamedTuple


class BrandFile(NamedTuple):
    """A file's bytes, what they are, and which version of it."""

    content: bytes
    media_type: str
    version: str


def make_file(content: bytes, media_type: str) -> BrandFile:
    """Take the version from the content, as those of static files."""
    return BrandFile(content, media_type, hashlib.sha256(content).hexdigest()[:12])
