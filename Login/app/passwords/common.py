"""Passwords that many people use: a bundled list, and a bigger one where the operator has made one; both offline."""

import hashlib
import mmap
from bisect import bisect_left
from functools import cache
from pathlib import Path

from app.passwords.rules import LENGTH_MIN, fold_password

MAGIC = b"PUPEROC1"
WIDTH = 8  # bytes of a fingerprint: among a billion entries, one good password in twenty billion looks listed


class CommonPasswords:
    """Tells whether a password is on a list."""

    def __init__(self, path: Path | None = None) -> None:
        """Take the bigger list's file, which is looked at in place: it costs no memory of its own."""
        self._entries: mmap.mmap | bytes = b""
        if path is not None:
            with path.open("rb") as file:
                self._entries = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __contains__(self, password: object) -> bool:
        """Look for it, whatever its letter case."""
        folded = fold_password(str(password))
        return folded in bundled() or self._is_listed(fingerprint(folded))

    def _is_listed(self, wanted: bytes) -> bool:
        places = range(1, len(self._entries) // WIDTH)
        found = bisect_left(places, wanted, key=self._at)
        return found < len(places) and self._at(places[found]) == wanted

    def _at(self, place: int) -> bytes:
        return self._entries[place * WIDTH : (place + 1) * WIDTH]


@cache
def bundled() -> frozenset[str]:
    """Return the list that comes along, as far as it is long enough to be chosen at all."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 loads 30,000 words: only when first needed

    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= LENGTH_MIN)


def fingerprint(folded: str) -> bytes:
    """Return what a list's file holds of a password."""
    return hashlib.sha256(folded.encode()).digest()[:WIDTH]


def check_list(path: Path) -> Path:
    """Refuse, when the API starts, what is no such file: as a list of nothing it would go unnoticed."""
    try:
        with path.open("rb") as file:
            good = file.read(len(MAGIC)) == MAGIC and path.stat().st_size % WIDTH == 0
    except OSError:
        good = False
    if not good:
        raise ValueError("must be a file that scripts/common_passwords.py has made")
    return path
