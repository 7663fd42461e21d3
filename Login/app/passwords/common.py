"""Passwords that many people use: a bundled list, and a bigger one where the operator has made one; both offline."""

import hashlib
import mmap
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

from app.passwords.rules import LENGTH_MIN, fold_password

MAGIC = b"PUPEROC2"  # of SHA-1, as lists of breaches are
FORMER = b"PUPEROC1"  # of SHA-256, as earlier versions wrote; still read
WIDTH = 8  # bytes of a fingerprint: among a billion entries, one good password in twenty billion looks listed
BUCKETS = 256


class CommonPasswords:
    """Tells whether a password is on a list."""

    def __init__(self, path: Path | None = None) -> None:
        """Take the bigger list's file, which is looked at in place: it costs no memory of its own."""
        self._entries: mmap.mmap | bytes = b""
        if path is not None:
            with path.open("rb") as file:
                self._entries = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        """Count what the bigger list holds."""
        return max(0, len(self._entries) // WIDTH - 1)

    def __contains__(self, password: object) -> bool:
        """Look for it as it is, which is how breaches are listed, and whatever its letter case."""
        if not isinstance(password, str):
            return False
        folded = fold_password(password)
        return folded in bundled() or any(self._is_listed(mark) for mark in self._marks_of(password, folded))

    def _marks_of(self, password: str, folded: str) -> set[bytes]:
        if self._entries[:WIDTH] == FORMER:
            return {hashlib.sha256(folded.encode()).digest()[:WIDTH]}
        return {fingerprint(folded), fingerprint(password)}

    def _is_listed(self, wanted: bytes) -> bool:
        places = range(1, len(self) + 1)
        found = bisect_left(places, wanted, key=self._at)
        return found < len(places) and self._at(places[found]) == wanted

    def _at(self, place: int) -> bytes:
        return self._entries[place * WIDTH : (place + 1) * WIDTH]


@cache
def bundled() -> frozenset[str]:
    """Return the list that comes along, as far as it is long enough to be chosen at all."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 loads 30,000 words: only when first needed

    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= LENGTH_MIN)


def fingerprint(text: str) -> bytes:
    """Return what a list's file holds of a password: the beginning of the hash by which breaches are published."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()[:WIDTH]


def mark_all(passwords: Iterable[str]) -> Iterator[bytes]:
    """Yield the fingerprint of each password in small letters; what is too short to be chosen is left out."""
    for password in passwords:
        folded = fold_password(password)
        if len(folded) >= LENGTH_MIN:
            yield fingerprint(folded)


def write_list(marks: Iterable[bytes], out: BinaryIO) -> int:
    """Write a file of sorted fingerprints, each once, and return how many."""
    buckets = [array("Q") for _ in range(BUCKETS)]
    for mark in marks:
        buckets[mark[0]].append(int.from_bytes(mark, "big"))
    out.write(MAGIC)
    written = 0
    for bucket in buckets:
        numbers = sorted(set(bucket))
        out.write(b"".join(number.to_bytes(WIDTH, "big") for number in numbers))
        written += len(numbers)
    return written


def check_list(path: Path) -> Path:
    """Refuse, when the API starts, what is no such file: as a list of nothing it would go unnoticed."""
    try:
        with path.open("rb") as file:
            good = file.read(WIDTH) in {MAGIC, FORMER} and path.stat().st_size % WIDTH == 0
    except OSError:
        good = False
    if not good:
        raise ValueError("must be a file that scripts/common_passwords.py has made")
    return path
