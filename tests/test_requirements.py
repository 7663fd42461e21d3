"""What each part says it needs, and what the locks pin, fit together."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("Login", "CreateDB", "FlaskProject")
FIRST_PARTY = {"app", "CreateDB", "FlaskProject", "testing", "devtools"}
IMAGES = ("login", "createdb", "ui", "build")
LOCKS = ["requirements.lock", "requirements-dev.lock", *(f"deploy/requirements/{image}.lock" for image in IMAGES)]
FOR_TYPE_CHECKERS = {"__future__", "_typeshed"}

# Foundations that their owner's own bounds choose; a second bound of ours could only contradict it.
COMES_WITH = {"starlette": {"fastapi"}, "pydantic": {"fastapi", "sqlmodel"}, "werkzeug": {"flask"}, "click": {"flask"}}
COMES_WITH |= {"jinja2": {"flask"}, "markupsafe": {"flask"}, "itsdangerous": {"flask"}, "urllib3": {"requests"}}

CODE = {
    "Login": ["Login/app"],
    "FlaskProject": ["FlaskProject"],
    "CreateDB": ["CreateDB", "Login/app/columns.py", "Login/app/models.py", "Login/app/schemas.py"],
}


def requirements(path: str) -> list[Requirement]:
    """Return the requirements of a file, without what it includes."""
    lines = [line.split("#", 1)[0].strip() for line in (ROOT / path).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def names(path: str) -> set[str]:
    """Return the names of the packages that a file requires."""
    return {canonicalize_name(one.name) for one in requirements(path)}


def pins(path: str) -> dict[str, list[Requirement]]:
    """Return every pin of a lock by its package's name: more than one where a marker tells Pythons apart."""
    found: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^[A-Za-z0-9].*==.*?(?= \\$)", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE):
        pin = Requirement(line)
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def version(pin: Requirement) -> str:
    """Return the one version that a pin allows."""
    return next(iter(pin.specifier)).version


def files(part: str) -> list[Path]:
    """Return the part's own Python files, and the shared ones that it imports."""
    roots = [ROOT / name for name in CODE[part]]
    found = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*.py"))]
    return [path for path in found if "tests" not in path.relative_to(ROOT).parts]


def third_party(path: Path) -> set[str]:
    """Return the top-level packages that a file imports from outside."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in found} - FIRST_PARTY - sys.stdlib_module_names - FOR_TYPE_CHECKERS


def test_parts_agree_on_every_shared_package() -> None:
    """A package that two parts require has the same bounds, extras and markers in both."""
    stated: dict[str, dict[str, set[str]]] = {}
    for part in PARTS:
        for one in requirements(f"{part}/requirements.txt"):
            stated.setdefault(canonicalize_name(one.name), {}).setdefault(part, set()).add(str(one))

    assert {name: parts for name, parts in stated.items() if len(set(map(frozenset, parts.values()))) > 1} == {}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_requires_all_that_it_imports(part: str) -> None:
    """Installing one part's requirements.txt alone is enough to run it."""
    required = names(f"{part}/requirements.txt")
    providers = packages_distributions()
    missing = set()
    for package in {package for path in files(part) for package in third_party(path)}:
        provided = {canonicalize_name(name) for name in providers.get(package, [package])}
        if not required & (provided | COMES_WITH.get(package, set())):
            missing.add(package)

    assert missing == set()


@pytest.mark.parametrize("part", PARTS)
def test_every_requirement_is_bounded(part: str) -> None:
    """No part takes just any version."""
    assert [one.name for one in requirements(f"{part}/requirements.txt") if not one.specifier] == []


@pytest.mark.asvs("15.1.2")
@pytest.mark.parametrize("part", PARTS)
def test_the_running_lock_is_up_to_date(part: str) -> None:
    """Every requirement is pinned, at a version that it allows; if not: `python3 dev.py lock`."""
    assert outdated(f"{part}/requirements.txt", "requirements.lock") == []


def test_the_development_lock_is_up_to_date() -> None:
    """The tools too are pinned at versions that requirements-dev.txt allows; if not: `python3 dev.py lock`."""
    assert outdated("requirements-dev.txt", "requirements-dev.lock") == []


def outdated(source: str, lock: str) -> list[str]:
    """Return the requirements that a lock does not meet."""
    locked = pins(lock)
    return [str(one) for one in requirements(source) if not is_met(one, locked.get(canonicalize_name(one.name), []))]


def is_met(one: Requirement, found: list[Requirement]) -> bool:
    """Tell whether there are pins and each is an allowed version."""
    return bool(found) and all(one.specifier.contains(version(pin), prereleases=True) for pin in found)


def test_the_development_lock_holds_the_running_one() -> None:
    """Tests run on the very versions that are run, and one installation serves both."""
    running, development = pins("requirements.lock"), pins("requirements-dev.lock")

    assert running
    assert {name: development.get(name) for name in running} == running


@pytest.mark.asvs("15.1.2")
@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    """A file that is not byte for byte the one that was tested is refused by pip."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text(encoding="utf-8"))[1:]

    assert len(blocks) > 5
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.asvs("15.1.2")
@pytest.mark.parametrize("image", IMAGES)
def test_the_locks_of_the_images_are_up_to_date(image: str) -> None:
    """An image installs what its part requires, at the very versions that are tested."""
    folder = "deploy/requirements"
    part = {"login": "Login", "createdb": "CreateDB", "ui": "FlaskProject"}.get(image)
    tested, locked = pins("requirements.lock"), pins(f"{folder}/{image}.lock")

    assert outdated(f"{folder}/{image}.txt", f"{folder}/{image}.lock") == []
    assert part is None or outdated(f"{part}/requirements.txt", f"{folder}/{image}.lock") == []
    versions = [{name: {version(pin) for pin in found} for name, found in lock.items()} for lock in (locked, tested)]
    assert {name for name in locked.keys() & tested.keys() if not versions[0][name] <= versions[1][name]} == set()
    assert "mariadb-binary" not in locked


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_machine(lock: str) -> None:
    """No index, no host and no path of the machine that wrote it."""
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert (
        re.findall(r"://|--(?:extra-)?index-url|--find-links|--trusted-host| @ |/(?:home|tmp|opt|root|Users)/", text)
        == []
    )


def test_the_compiled_driver_is_asked_for_only_where_it_has_a_wheel() -> None:
    """Everywhere else the plain driver serves, so that no start fails for want of a compiler."""
    pin = pins("requirements.lock")["mariadb-binary"][0]
    machines = {
        ("linux", "x86_64"): True,
        ("linux", "aarch64"): True,
        ("win32", "AMD64"): True,
        ("darwin", "arm64"): True,
        ("linux", "riscv64"): False,
        ("win32", "ARM64"): False,
        ("darwin", "x86_64"): False,
    }
    asked = {key: bool(pin.marker and pin.marker.evaluate(environment(*key))) for key in machines}

    assert asked == machines
    newer = {**environment("linux", "x86_64"), "python_full_version": "3.15.0", "python_version": "3.15"}
    assert not (pin.marker and pin.marker.evaluate(newer))
    assert pins("requirements.lock")["mariadb"][0].marker is None


def environment(system: str, machine: str) -> dict[str, str]:
    """Return what a marker sees on such a machine."""
    return {"sys_platform": system, "platform_machine": machine}
