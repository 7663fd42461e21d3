"""Links of the pages lead somewhere, and the map of questions names what is there."""

import ast
import re
from pathlib import Path

import pytest

from testing.documents import PAGES, README, ROOT, chapter, in_code, list_anchors, list_links, list_rows, read

ARCHITECTURE = ROOT / "docs" / "architecture.md"
QUESTIONS = list_rows(chapter(ARCHITECTURE, "Where is what"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_local_links_lead_somewhere(page: Path) -> None:
    """No link into the repository is dead, the heading that it names included."""
    for link in list_links(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page

        assert target.exists(), link
        assert not anchor or anchor in list_anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    """No page is written for nobody: from the README at most two links lead to it."""
    near = {README, *follow(README)}
    reached = near.union(*(follow(page) for page in near))

    assert {page.name for page in PAGES} - {page.name for page in reached} == set()


def follow(page: Path) -> set[Path]:
    """Return the pages that a page links to; a folder stands for the pages in it."""
    targets = {(page.parent / link.partition("#")[0]).resolve() for link in list_links(page)}
    return {one for target in targets for one in ([target] if target.suffix == ".md" else target.glob("*.md"))}


def test_the_map_is_one_link_away() -> None:
    """A newcomer goes from the README to the map, and from there to the file."""
    assert "docs/architecture.md#where-is-what" in list_links(README)
    assert len(QUESTIONS) > 20


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row.split("|")[1].strip())
def test_the_map_names_what_is_there(row: str) -> None:
    """Each file is there under the path that is shown, and what to look for is defined in it."""
    _, _, where, what, _ = row.split("|")
    [(shown, target), *_] = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", where)

    assert (ARCHITECTURE.parent / target).resolve() == ROOT / shown
    assert set(in_code(what)) <= defined_in(ROOT / shown)


def defined_in(file: Path) -> set[str]:
    """Return the names that a module gives to functions, classes and constants of its own."""
    names = set()
    for node in ast.parse(read(file)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names
