"""README and the pages under docs/ as tests read them: chapters, tables, code, links, anchors."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
OURS = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "node_modules" not in page.parts]
PAGES = [README, *(ROOT / name for name in ("CHANGELOG.md", "SECURITY.md")), *OURS]
FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def read(page: Path) -> str:
    """Return a page's text."""
    return page.read_text(encoding="utf-8")


def chapter(page: Path, title: str) -> str:
    """Return the text under a heading, up to the next one of its rank or above; a `#` in code is no heading."""
    text = read(page)
    heading = re.search(rf"^(#+) {re.escape(title)}\n", text, re.MULTILINE)
    assert heading, title
    blanked = FENCED.sub(lambda code: re.sub("[^\n]", " ", code[0]), text)
    end = re.compile(rf"^#{{1,{len(heading[1])}}} |\Z", re.MULTILINE).search(blanked, heading.end())
    assert end
    return text[heading.end() : end.start()]


def list_rows(text: str) -> list[str]:
    """Return the lines of all tables, heads and rules left out."""
    lines = re.sub(r"^\|.*\n\|(?: --- \|)+\n", "", text, flags=re.MULTILINE).splitlines()
    return [line for line in lines if line.startswith("|")]


def table(text: str) -> list[list[str]]:
    """Return the cells of every row, heads included, of all tables one after the other."""
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows]


def in_code(text: str) -> list[str]:
    """Return what stands between backticks in running text."""
    return re.findall(r"`([^`]+)`", FENCED.sub("", text))


def first_column(text: str) -> list[str]:
    """Return what stands in code in the first column of all tables."""
    return [word for row in list_rows(text) for word in in_code(row.split("|")[1])]


def list_blocks(text: str) -> list[str]:
    """Return the blocks of code."""
    return re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def list_links(page: Path) -> set[str]:
    """Return the targets of all links that stay in the repository."""
    return set(re.findall(r"\]\((?!https?:)([^)]+)\)", FENCED.sub("", read(page))))


def list_anchors(page: Path) -> set[str]:
    """Return what a `#` may be followed by, as GitHub names headings; equal ones are numbered."""
    seen: Counter[str] = Counter()
    for title in re.findall(r"^#+ (.+)$", FENCED.sub("", read(page)), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        seen[slug] += 1
    return {slug if number == 0 else f"{slug}-{number}" for slug, times in seen.items() for number in range(times)}
