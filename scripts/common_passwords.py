"""Makes the file for COMMON_PASSWORDS_FILE from lists of passwords in plain text, one a line.

python scripts/common_passwords.py LIST [LIST ...] OUT
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Login"))

from app.passwords.common import write_list

ENOUGH = 2  # a list and where to write


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
