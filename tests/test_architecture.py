"""The design's rules, read from the source: who may import whom, who talks to what, and how long things may grow."""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("Login", "FlaskProject", "CreateDB", "deploy", "devtools", "scripts", "testing", "tests", "bench")

LINES_A_FILE = 300
LINES_OF_TESTS = 400
LINES_A_FUNCTION = 40

QUERIES = {"select", "insert", "update", "delete", "exists", "union"}
HTTP = {"fastapi", "starlette", "flask"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str, tests: bool = False) -> list[Path]:
    """Return the Python files under the folders, with or without those of their tests."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if tests or "tests" not in path.relative_to(ROOT).parts]


@cache
def parse(path: Path) -> ast.Module:
    """Return the file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the full dotted name of whatever the file imports, at whatever depth, and of the modules that have it."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


def imported_names(path: Path) -> set[tuple[str, str]]:
    """Return what the file takes out of which module."""
    imports = [node for node in ast.walk(parse(path)) if isinstance(node, ast.ImportFrom)]
    return {(node.module or "", alias.name) for node in imports for alias in node.names}


def packages(path: Path) -> set[str]:
    """Return the top-level packages that the file imports."""
    return {name.partition(".")[0] for name in imported_modules(path)}


def functions(path: Path) -> list[Function]:
    """Return the file's functions and methods."""
    return [node for node in ast.walk(parse(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def called_methods(path: Path) -> set[str]:
    """Return the names of the methods that the file calls."""
    calls = [node.func for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]
    return {call.attr for call in calls if isinstance(call, ast.Attribute)}


def name_of(path: Path) -> str:
    """Return the file's path as people say it."""
    return path.relative_to(ROOT).as_posix()


def offenders(paths: Iterable[Path], faults: Callable[[Path], Iterable[object]]) -> dict[str, list[object]]:
    """Return what is wrong with each file, of those that anything is wrong with."""
    found = {name_of(path): list(faults(path)) for path in paths}
    return {name: wrong for name, wrong in found.items() if wrong}


EVERYTHING = [ROOT / "dev.py", *sources(*FOLDERS, tests=True)]
API = sources("Login/app")


def test_the_rules_look_at_real_files() -> None:
    """A renamed folder would make every rule below hold for nothing."""
    names = {name_of(path) for path in EVERYTHING}

    assert {"Login/app/main.py", "Login/app/crud/__init__.py", "FlaskProject/app.py", "CreateDB/main.py"} <= names


def test_services_know_no_http() -> None:
    """What happens is decided apart from the web framework."""
    assert offenders(sources("Login/app/services"), lambda path: packages(path) & HTTP) == {}


def test_models_are_a_leaf() -> None:
    """CreateDB imports the tables, so they may need nothing but the ORM."""
    allowed = {"app", "sqlmodel", "sqlalchemy"} | sys.stdlib_module_names

    assert reached("app.models").keys() == {"app.models", "app.columns"}
    assert offenders(reached("app.models").values(), lambda path: packages(path) - allowed) == {}


def test_schemas_bring_no_framework_along() -> None:
    """CreateDB re-exports the bodies: whatever they import, however far down, is no database and no web framework."""
    allowed = {"app", "pydantic", "email_validator", "zxcvbn"} | sys.stdlib_module_names

    assert "app.fields" in reached("app.schemas")
    assert offenders(reached("app.schemas").values(), lambda path: packages(path) - allowed) == {}


def reached(module: str) -> dict[str, Path]:
    """Return a module of the API and all of the API that it imports, directly or not."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = ROOT / "Login" / f"{name.replace('.', '/')}.py"
        if name not in found and path.exists():
            found[name] = path
            waiting += [other for other in imported_modules(path) if other.startswith("app.")]
    return found


def test_queries_stand_in_crud_only() -> None:
    """Whoever asks what the suite reads and writes finds all of it in one place."""
    elsewhere = [path for path in API if path.parent.name != "crud"]

    assert offenders(elsewhere, lambda path: taken_from_the_orm(path) & QUERIES) == {}


def taken_from_the_orm(path: Path) -> set[str]:
    """Return the names that the file takes out of SQLAlchemy or SQLModel, or uses of them as `sa.name`."""
    attributes = [node for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)]
    used = {node.attr for node in attributes if ast.unparse(node.value) in {"sa", "sqlalchemy"}}
    return used | {name for module, name in imported_names(path) if module.startswith(("sqlalchemy", "sqlmodel"))}


def test_auth_is_pure() -> None:
    """Cryptography takes values and gives values: no database, no request."""
    assert not packages(ROOT / "Login/app/auth.py") & (HTTP | {"sqlalchemy", "sqlmodel"})
    assert not {"app.database", "app.crud", "app.models"} & set(imported_modules(ROOT / "Login/app/auth.py"))


def test_only_the_database_module_commits() -> None:
    """A commit anywhere else could not be retried, or would come too early."""
    others = [path for path in API if path.name != "database.py"]

    assert offenders(others, lambda path: called_methods(path) & {"commit"}) == {}


@pytest.mark.asvs("13.2.5")
def test_one_file_of_the_pages_calls_the_api() -> None:
    """Time-outs, forwarded addresses and error handling are written once; the road beside it is taken by it alone."""
    http, road = (("backend", name) for name in ("http.py", "road.py"))
    others = [path for path in sources("FlaskProject") if path.parts[-2:] not in {http, road}]
    takes = [path.parts[-2:] for path in sources("FlaskProject") if "backend.road import" in path.read_text("utf-8")]

    assert offenders(others, lambda path: packages(path) & {"requests"}) == {}
    assert takes == [http]


def test_the_database_cli_needs_no_web_framework() -> None:
    """CreateDB/requirements.txt stays small."""
    assert offenders(sources("CreateDB"), lambda path: packages(path) & HTTP) == {}


def test_the_backend_stands_alone() -> None:
    """The arrow goes from CreateDB to the API's models and never back."""
    others = {"CreateDB", "FlaskProject", "testing", "devtools"}

    assert offenders(API, lambda path: packages(path) & others) == {}


def test_the_pages_stand_alone() -> None:
    """The pages know the API by its contract only."""
    others = {"app", "CreateDB", "testing", "devtools", "sqlalchemy", "sqlmodel"}

    assert offenders(sources("FlaskProject"), lambda path: packages(path) & others) == {}


def test_the_bootstrap_needs_nothing_installed() -> None:
    """dev.py runs on a machine that has Python alone."""
    allowed = {"devtools"} | sys.stdlib_module_names

    assert offenders([ROOT / "dev.py", *sources("devtools")], lambda path: packages(path) - allowed) == {}


def test_no_file_grows_long() -> None:
    """A file that outgrows its limit holds a second idea."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}

    assert {name_of(path): lines for path, lines in lengths.items() if lines > most_lines(path)} == {}


def most_lines(path: Path) -> int:
    """Return how long the file may be."""
    # Cases stand side by side: a long row of them is still one idea.
    return LINES_OF_TESTS if path.name.startswith("test_") else LINES_A_FILE


def test_no_function_grows_long() -> None:
    """A function fits on a screen."""
    assert offenders(EVERYTHING, long_functions) == {}


def long_functions(path: Path) -> list[tuple[str, int]]:
    """Return the functions that are longer than a screen, and how long they are."""
    lengths = [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in functions(path)]
    return [(name, length) for name, length in lengths if length > LINES_A_FUNCTION]


def test_everything_public_says_what_it_is() -> None:
    """Every module and every public function has a docstring."""
    assert offenders(EVERYTHING, without_a_word) == {}


def without_a_word(path: Path) -> list[str]:
    """Return what public things of the file have no docstring: itself, functions."""
    nested = {inner for outer in functions(path) for inner in ast.walk(outer) if inner is not outer}
    public = [node for node in functions(path) if not node.name.startswith("_") and node not in nested]
    silent = [node.name for node in public if not ast.get_docstring(node) and not is_overload(node)]
    return silent if ast.get_docstring(parse(path)) else ["the module", *silent]


def is_overload(function: Function) -> bool:
    """Tell whether the function is one of a typed family, whose last member has the docstring."""
    return any(getattr(mark, "attr", getattr(mark, "id", "")) == "overload" for mark in function.decorator_list)


def test_a_route_and_a_service_of_one_name_belong_together() -> None:
    """Who reads an endpoint finds what it does in the file of the same name."""
    routes = {path.stem: path for path in sources("Login/app/routes") if path.stem != "__init__"}
    services = {path.stem for path in sources("Login/app/services")}

    strangers = [stem for stem in routes.keys() & services if not uses_service(routes[stem], stem)]
    assert not strangers


def uses_service(route: Path, stem: str) -> bool:
    """Tell whether the route's file imports the service of this name."""
    return f"app.services.{stem}" in set(imported_modules(route)) or ("app.services", stem) in imported_names(route)
