"""Makes the file for COMMON_PASSWORDS_FILE, from what was breached and from words of your own.

python scripts/common_passwords.py [--most N] LIST [LIST ...] OUT

A LIST is text, one password a line; or what the Pwned Passwords downloader writes, SHA-1:COUNT lines, of which the N
most frequent are taken (10,000,000).
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Login"))

from app.passwords.common import WIDTH, mark_all, write_list

MOST = 10_000_000
HASHED = re.compile(r"([0-9A-Fa-f]{40}):([0-9]+)\s*")


def main(arguments: Sequence[str]) -> int:
    """Read the lists, write the file, and say how many passwords it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=MOST, metavar="N", help="of a list of hashes (%(default)s)")
    parser.add_argument("lists", type=Path, nargs="+", metavar="LIST")
    parser.add_argument("out", type=Path, metavar="OUT")
    options = parser.parse_args(arguments)
    try:
        count = make(options.lists, options.out, options.most)
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{options.out}: {count} passwords\n")
    return 0


def make(lists: Iterable[Path], out: Path, most: int = MOST) -> int:
    """Write beside the file first: a running API must never find half a list."""
    fresh = out.with_name(f".{out.name}")
    try:
        with fresh.open("wb") as file:
            count = write_list((mark for path in lists for mark in read(path, most)), file)
        fresh.replace(out)
    finally:
        fresh.unlink(missing_ok=True)
    return count


def read(path: Path, most: int) -> Iterator[bytes]:
    """Yield the fingerprints of a list of either kind, which its first line tells."""
    if HASHED.fullmatch(next(read_lines(path), "")):
        least = find_least(path, most)
        return (bytes.fromhex(digest)[:WIDTH] for digest, count in read_hashes(path) if count >= least)
    return mark_all(read_lines(path))


def find_least(path: Path, most: int) -> int:
    """Return how often a password must have been seen to be among the most frequent; none is left out for a tie."""
    seen = Counter(count for _, count in read_hashes(path))
    taken = 0
    for count in sorted(seen, reverse=True):
        taken += seen[count]
        if taken >= most:
            return count
    return 0


def read_hashes(path: Path) -> Iterator[tuple[str, int]]:
    """Yield hash and count of every line."""
    for number, line in enumerate(read_lines(path), 1):
        found = HASHED.fullmatch(line)
        if found is None:
            raise ValueError(f"{path}: line {number} is no SHA-1:COUNT")
        yield found[1], int(found[2])


def read_lines(path: Path) -> Iterator[str]:
    """Yield every line; what is no UTF-8 was typed by nobody here."""
    with path.open(encoding="utf-8-sig", errors="ignore", newline="\n") as lines:
        for line in lines:
            if "\0" in line:  # UTF-16: every entry would be another text, and the list refuse nothing
                raise ValueError(f"{path}: no text in UTF-8 (it holds NUL bytes)")
            yield line.rstrip("\r\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
