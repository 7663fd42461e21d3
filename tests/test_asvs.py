"""OWASP ASVS 5.0 as a yardstick: each requirement has a verdict, each "met" a test, and the page says what is so."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from scripts.asvs_page import (
    FOLDERS,
    LEVELS,
    ORDER,
    PAGE,
    ROOT,
    Proof,
    count,
    find_in,
    find_proofs,
    read_requirements,
    write_page,
)

# The levels of each section's requirements, in their order: 1.1.1 and 1.1.2 are of level 2. From the standard's table.
SECTIONS = """
1.1:22 1.2:1111122223 1.3:112222222223 1.4:222 1.5:123 2.1:122 2.2:112 2.3:12223 2.4:23 3.1:3 3.2:113
3.3:12223 3.4:11222233 3.5:11122333 3.6:3 3.7:22333 4.1:12233 4.2:23333 4.3:22 4.4:1222 5.1:2 5.2:112333
5.3:113 5.4:222 6.1:122 6.2:111111112222 6.3:11223333 6.4:112233 6.5:22222333 6.6:2223 6.7:33 6.8:2222 7.1:222
7.2:1111 7.3:22 7.4:11222 7.5:223 7.6:22 8.1:1233 8.2:1123 8.3:133 8.4:23 9.1:111 9.2:1222 10.1:22 10.2:223
10.3:22223 10.4:1111122222233333 10.5:22222 10.6:22 10.7:222 11.1:2233 11.2:22233 11.3:11233 11.4:1222 11.5:23
11.6:23 11.7:33 12.1:12233 12.2:11 12.3:22223 13.1:2333 13.2:222223 13.3:2233 13.4:1222233 14.1:22
14.2:12223333 14.3:122 15.1:12233 15.2:12233 15.3:1222222 15.4:3333 16.1:2 16.2:22222 16.3:2222 16.4:222
16.5:2223 17.1:23 17.2:22223333 17.3:22
"""
LEVEL_OF = {
    f"{section}.{number}": int(level)
    for section, levels in (part.split(":") for part in SECTIONS.split())
    for number, level in enumerate(levels, 1)
}
REQUIREMENTS = read_requirements()
PROOFS = find_proofs()
PROVED = {id_ for proof in PROOFS for id_ in proof.ids}


def test_every_requirement_of_levels_1_and_2_has_a_verdict() -> None:
    """None is left out, and each is at its level."""
    wanted = {id_ for id_, level in LEVEL_OF.items() if level < 3}

    assert Counter(LEVEL_OF.values()) == {1: 70, 2: 183, 3: 92}
    assert sorted(wanted - REQUIREMENTS.keys()) == []
    assert {row.id: row.level for row in REQUIREMENTS.values()} == {id_: LEVEL_OF[id_] for id_ in REQUIREMENTS}


def test_what_is_met_is_proved() -> None:
    """By a test at least that runs."""
    alive = {id_ for proof in PROOFS if not proof.skipped for id_ in proof.ids}

    assert [row.id for row in REQUIREMENTS.values() if row.verdict == "met" and row.id not in alive] == []


@pytest.mark.parametrize(
    ("mark", "never"),
    [
        ("skip", True),
        ("skip(reason='later')", True),
        ("skipif(True, reason='later')", True),
        ("skipif(sys.platform == 'win32', reason='POSIX')", False),
        ("browser", False),
    ],
)
def test_a_test_that_never_runs_proves_nothing(mark: str, never: bool) -> None:
    """Whatever else is marked, it is not counted; one that is skipped somewhere only is."""
    text = f"""
@pytest.mark.asvs('1.1.1')
class TestAll:
    @pytest.mark.asvs('1.1.2')
    @pytest.mark.{mark}
    def test_one(self): pass
"""
    assert list(find_in(text, PAGE)) == [Proof(PAGE, "test_one", ("1.1.1", "1.1.2"), never)]


def test_who_is_the_operator_finds_the_page() -> None:
    """Each row that is theirs names a page and a chapter that is there."""
    rows = [row.reason.partition("#") for row in REQUIREMENTS.values() if row.verdict == "the operator's"]
    titles = {page: anchors_of(ROOT / page) for page, _, _ in rows}

    assert rows
    assert [f"{page}#{title}" for page, _, title in rows if title not in titles[page]] == []


def anchors_of(page: Path) -> set[str]:
    """Return what links to a page's chapters may name."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_marks_name_requirements() -> None:
    """None that does not exist, and none that is said to be about nothing here."""
    assert sorted(PROVED - REQUIREMENTS.keys()) == []
    assert [row.id for row in REQUIREMENTS.values() if row.verdict == "not applicable" and row.id in PROVED] == []
    assert [f"{proof.name} {id_}" for proof in PROOFS for id_, times in Counter(proof.ids).items() if times > 1] == []


def test_the_collector_misses_no_mark() -> None:
    """Each mark that is written stands before a test or for a module, where it is looked for."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if path != Path(__file__)]
    written = sum(len(re.findall(r"pytest\.mark\.asvs\(", path.read_text("utf-8"))) for path in files)
    found = sum(count_marks(path) for path in files)

    assert len(PROOFS) > 200
    assert found == written


def count_marks(path: Path) -> int:
    """Count the marks of a file that stand where the page looks for them."""
    tree = ast.parse(path.read_text("utf-8"))
    places: list[ast.AST] = [node for node in tree.body if isinstance(node, ast.Assign)]
    places += [mark for node in ast.walk(tree) for mark in getattr(node, "decorator_list", [])]
    return sum("pytest.mark.asvs(" in ast.unparse(place) for place in places)


@pytest.mark.parametrize("level", LEVELS)
def test_the_head_counts_right(level: int) -> None:
    """The first table of the page is the sum of its rows."""
    page = PAGE.read_text(encoding="utf-8")
    rows = [line[2:].split(" | ") for line in page.splitlines() if re.match(r"\| \d+\.\d+\.\d+ \|", line)]
    verdicts = Counter(re.split(r"[:(]", row[3])[0].strip() for row in rows if row[1] == str(level))
    counted = count(REQUIREMENTS.values())

    assert f"| {level} | {' | '.join(str(verdicts[verdict]) for verdict in ORDER)} |" in page
    assert {verdict: verdicts[verdict] for verdict in ORDER} == {verdict: counted[level, verdict] for verdict in ORDER}


def test_little_is_not_met() -> None:
    """Nothing of level 1, and of level 2 no more than was decided: another one is a decision, made here."""
    assert [row.id for row in REQUIREMENTS.values() if row.verdict == "not met"] == ["6.3.3", "6.5.5", "13.2.1"]


def test_the_page_is_what_its_sources_say() -> None:
    """Else: `python scripts/asvs_page.py`."""
    assert PAGE.read_text(encoding="utf-8") == write_page()
