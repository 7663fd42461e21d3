"""Pages of docs/ as tests read them: a chapter's text, and the rows of its tables."""

import re
from pathlib import Path


def chapter(page: Path, title: str) -> str:
    """Return the text under a heading, up to the next one of its rank."""
    found = re.search(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found, f"{page.name} has no chapter {title}"
    return found[1]


def table(text: str) -> list[list[str]]:
    """Return the cells of every row, heads included, of all tables one after the other."""
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows]
