"""What is seen while pip works: one line that moves on a terminal, a line now and then in a log."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PIN = re.compile(r"^[A-Za-z0-9][\w.-]*==", re.MULTILINE)
EVERY = 20


class Progress:
    """Counts the packages that pip names, of all that the lock names."""

    def __init__(self, lock: Path) -> None:
        """Count what will come."""
        self.total = len(PIN.findall(lock.read_text(encoding="utf-8")))
        self.seen = 0
        self.moving = sys.stdout.isatty()

    def __enter__(self) -> Self:
        """Start a line."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cursor on a line of its own."""
        if self.moving:
            print(flush=True)

    def follow(self, lines: Iterable[str]) -> Iterator[str]:
        """Show what the lines tell, and hand them on."""
        for line in lines:
            self.show(line.strip())
            yield line

    def show(self, line: str) -> None:
        """Turn one line of pip's into progress."""
        words = line.split()
        if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied: ")):
            self.seen += 1
            self.draw(f"{self.seen}/{self.total} packages", is_milestone=self.seen % EVERY == 0)
        elif line.startswith("Downloading "):
            size = " ".join(words[2:]) if words[2:] else ""
            self.draw(f"{self.seen}/{self.total} {words[1].rsplit('/', 1)[-1]} {size}", is_milestone=False)
        elif line.startswith("Installing collected packages"):
            self.draw("unpacking; this takes a moment", is_milestone=True)

    def draw(self, text: str, *, is_milestone: bool) -> None:
        """Replace the moving line; without a terminal print only the milestones."""
        width = shutil.get_terminal_size().columns - 1
        if self.moving:
            print("\r" + f"  {text}"[:width].ljust(width), end="", flush=True)
        elif is_milestone:
            print(f"  {text}", flush=True)
