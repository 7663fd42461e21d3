"""Makes the file for COMMON_PASSWORDS_FILE from lists of passwords in plain text, one a line.

python scripts/common_passwords.py LIST [LIST ...] OUT
"""

import sys
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Login"))

from app.passwords.common import MAGIC, WIDTH, fingerprint
from app.passwords.rules import LENGTH_MIN, fold_password

ENOUGH = 2  # a list and where to write
BUCKETS = 256  # by the first byte: a billion entries are sorted in the room of their fingerprints


def main(arguments: list[str]) -> int:
    """Read the lists, write the file, and say how many passwords it holds."""
    if len(arguments) < ENOUGH:
        sys.stderr.write(__doc__ or "")
        return 2
    *lists, out = map(Path, arguments)
    try:
        count = make(lists, out)
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{out}: {count} passwords\n")
    return 0


def make(lists: Iterable[Path], out: Path) -> int:
    """Write beside the file first: a running API must never find half a list."""
    fresh = out.with_name(f".{out.name}")
    try:
        with fresh.open("wb") as file:
            count = write_list(read(lists), file)
        fresh.replace(out)
    finally:
        fresh.unlink(missing_ok=True)
    return count


def write_list(passwords: Iterable[str], out: BinaryIO) -> int:
    """Write a file of sorted fingerprints, and return how many; what is too short to be chosen is left out."""
    buckets = [array("Q") for _ in range(BUCKETS)]
    for password in passwords:
        folded = fold_password(password)
        if len(folded) >= LENGTH_MIN:
            mark = fingerprint(folded)
            buckets[mark[0]].append(int.from_bytes(mark, "big"))
    out.write(MAGIC)
    written = 0
    for bucket in buckets:
        marks = sorted(set(bucket))
        out.write(b"".join(mark.to_bytes(WIDTH, "big") for mark in marks))
        written += len(marks)
    return written


def read(lists: Iterable[Path]) -> Iterator[str]:
    """Yield every line; what is no UTF-8 was typed by nobody here."""
    for path in lists:
        with path.open(encoding="utf-8-sig", errors="ignore", newline="\n") as lines:
            for line in lines:
                if "\0" in line:  # UTF-16: every entry would be another text, and the list refuse nothing
                    raise ValueError(f"{path}: no text in UTF-8 (it holds NUL bytes)")
                yield line.rstrip("\r\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
