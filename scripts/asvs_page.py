"""Write docs/asvs.md from docs/asvs.toml and the tests marked with a requirement's id; a test compares the two."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

ROOT = Path(__file__).resolve().parents[1]
PAGE, ROWS = ROOT / "docs" / "asvs.md", ROOT / "docs" / "asvs.toml"
FOLDERS = ("Login", "FlaskProject", "CreateDB", "tests")
ANSWERS = ("absent", "operator", "open")
LEVELS = (1, 2, 3)

Verdict: TypeAlias = Literal["met", "not applicable", "the operator's", "not met"]
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
VERDICTS: dict[str, Verdict] = {"absent": "not applicable", "operator": "the operator's", "open": "not met"}
ORDER: tuple[Verdict, ...] = ("met", "the operator's", "not applicable", "not met")

HEAD = """# OWASP ASVS 5.0

Made by `python scripts/asvs_page.py` from `docs/asvs.toml`, which holds the verdicts, and the tests that are marked \
with a requirement's id. The requirements are those of the OWASP Application Security Verification Standard 5.0.0 \
(https://github.com/OWASP/ASVS, by the OWASP Foundation, licensed CC BY-SA 4.0), named here in a few words of our own: \
read them there before you rely on a row. Every requirement of levels 1 and 2 is here; of level 3 only those that are \
met. We judge ourselves: no outside audit has been made.

"The operator's" is what code cannot do for whoever runs it; the page that tells them is named.
"""


@dataclass(frozen=True)
class Requirement:
    """A row of docs/asvs.toml."""

    id: str
    level: int
    asks: str
    verdict: Verdict
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class Proof:
    """A test with the ids that it is marked with."""

    path: Path
    name: str
    ids: tuple[str, ...]
    skipped: bool


def read_requirements() -> dict[str, Requirement]:
    """Return all rows by id."""
    rows = tomllib.loads(ROWS.read_text(encoding="utf-8"))["requirements"]
    return {id_: _make(id_, row) for id_, row in rows.items()}


def _make(id_: str, row: dict[str, Any]) -> Requirement:
    if unknown := row.keys() - {"level", "asks", "note", *ANSWERS}:
        raise ValueError(f"{id_} has {', '.join(sorted(unknown))}")
    [answer, *more] = [name for name in ANSWERS if name in row] or ["met"]
    if more:
        raise ValueError(f"{id_} has two answers")
    reason, note = row.get(answer, ""), row.get("note", "")
    return Requirement(id_, row["level"], row["asks"], VERDICTS.get(answer, "met"), reason, note)


def find_proofs() -> list[Proof]:
    """Return every marked test, in the order of the files."""
    files = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("test_*.py"))
    return [proof for path in files for proof in find_in(path.read_text(encoding="utf-8"), path.relative_to(ROOT))]


def find_in(text: str, path: Path) -> Iterator[Proof]:
    """Yield the marked tests of a file's text."""
    tree = ast.parse(text, str(path))
    around = [mark for node in tree.body if _is_pytestmark(node) for mark in ast.walk(node)]
    for test, marks in _list_tests(tree, around):
        if ids := [id_ for mark in marks for id_ in _ids_of(mark)]:
            yield Proof(path, test.name, tuple(ids), any(map(_is_skip, marks)))


def _list_tests(parent: ast.Module | ast.ClassDef, around: list[ast.AST]) -> Iterator[tuple[Function, list[ast.AST]]]:
    """Yield each test with its own marks and those of the class and module around it."""
    for node in parent.body:
        if isinstance(node, ast.ClassDef):
            yield from _list_tests(node, [*around, *node.decorator_list])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node, [*around, *node.decorator_list]


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"


def _ids_of(mark: ast.AST) -> list[str]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.asvs":
        return [ast.literal_eval(argument) for argument in mark.args]
    return []


def _is_skip(mark: ast.AST) -> bool:
    """Whether a test never runs; one that skips for want of a server is no such test."""
    return re.match(r"pytest\.mark\.(skip\b|skipif\(True\b)", ast.unparse(mark)) is not None


def write_page() -> str:
    """Return the page."""
    requirements, proofs = read_requirements(), find_proofs()
    chapters = tomllib.loads(ROWS.read_text(encoding="utf-8"))["chapters"]
    parts = [HEAD, _count(requirements.values()), _list_open(requirements.values())]
    for number, title in chapters.items():
        rows = [row for row in requirements.values() if row.id.partition(".")[0] == number]
        head = ("id", "level", "it asks", "verdict", "proved by")
        parts.append(f"## {number}. {title}\n\n{_table(head, (_describe(row, proofs) for row in rows))}")
    return "\n".join(parts)


def count(requirements: Iterable[Requirement]) -> Counter[tuple[int, Verdict]]:
    """Count rows by level and verdict."""
    return Counter((row.level, row.verdict) for row in requirements)


def _count(requirements: Iterable[Requirement]) -> str:
    counted = count(requirements)
    return _table(
        ("level", *ORDER), ((str(level), *(str(counted[level, verdict]) for verdict in ORDER)) for level in LEVELS)
    )


def _list_open(requirements: Iterable[Requirement]) -> str:
    rows = [row for row in requirements if row.verdict == "not met"]
    return "Not met:\n\n" + "".join(f"- {row.id} (level {row.level}), {row.asks}: {row.reason}\n" for row in rows)


def _describe(row: Requirement, proofs: Iterable[Proof]) -> tuple[str, ...]:
    verdict = f"{row.verdict}: {_link(row)}" if row.reason else row.verdict
    tests = ", ".join(f"[{proof.name}](../{proof.path.as_posix()})" for proof in proofs if row.id in proof.ids)
    return (row.id, str(row.level), row.asks, verdict + (f" ({row.note})" if row.note else ""), tests or "-")


def _link(row: Requirement) -> str:
    if row.verdict != "the operator's":
        return row.reason
    return f"[{row.reason.partition('#')[0]}]({_from_docs(row.reason)})"


def _from_docs(target: str) -> str:
    """Return where a page leads from docs/, where this one stands."""
    return target.removeprefix("docs/") if target.startswith("docs/") else f"../{target}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
