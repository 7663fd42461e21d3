"""The rooms of the three parts: what may import what, from the ground floor up; a new arrow is a decision made here."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Files at the root of a part are rooms of their own; a settings file and what checks it are one.
SAME_ROOM = {"config": "settings"}

Rooms = Mapping[str, set[str]]

# Each room may import only what stands above it in its list, and of that only what it names.
API: Rooms = {
    "errors": set(),
    "field_errors": set(),
    "identifiers": {"field_errors"},
    "columns": set(),
    "models": {"columns"},
    "clients": set(),
    "languages": set(),
    "letters": {"languages"},
    "runtime": set(),
    "secrets": set(),
    "auth": {"secrets"},
    "driver": set(),
    "database": {"driver", "errors", "runtime"},
    "throttling": {"clients", "errors", "identifiers", "secrets"},
    "authority": {"throttling"},
    "crud": {"columns", "identifiers", "models", "throttling"},
    "passwords": {"auth", "clients", "errors", "field_errors", "runtime"},
    "fields": {"field_errors", "identifiers", "languages", "passwords"},
    "schemas": {"field_errors", "fields", "identifiers"},
    "factor_schemas": {"fields", "schemas"},
    "inclusion_schemas": {"factor_schemas", "schemas"},
    "event_schemas": {"schemas"},
    "export_schemas": set(),
    "settings": {"driver", "identifiers", "languages", "letters", "passwords", "runtime", "secrets"},
    "webauthn": {"settings"},
    "resources": {"auth", "database", "passwords", "runtime", "secrets", "settings", "throttling"},
    "web": {"clients", "errors", "field_errors", "runtime", "settings"},
    "services": {
        *("auth", "authority", "clients", "crud", "database", "errors", "event_schemas", "export_schemas"),
        *("factor_schemas", "identifiers", "inclusion_schemas", "languages", "letters"),
        *("models", "passwords", "resources", "runtime", "schemas", "secrets", "settings", "throttling", "webauthn"),
    },
    "outbox": {"crud", "errors", "resources", "runtime", "settings"},
    "webhooks": {"clients", "crud", "outbox", "resources", "secrets", "services", "settings"},
    "mail": {
        *("crud", "errors", "identifiers", "letters", "outbox", "resources", "runtime", "services", "settings"),
        "webhooks",
    },
    "deps": {"clients", "crud", "errors", "languages", "resources", "services", "throttling"},
    "routes": {
        "clients",
        "deps",
        "errors",
        "event_schemas",
        "export_schemas",
        "factor_schemas",
        "inclusion_schemas",
        "schemas",
        "services",
        "web",
    },
    "main": {"mail", "resources", "routes", "runtime", "services", "settings", "web", "webhooks"},
}
PAGES: Rooms = {
    "backend": set(),
    "languages": set(),
    "messages": {"languages"},
    "runtime": set(),
    "settings": {"languages"},
    "signed_in": {"backend", "languages", "settings"},
    "rendering": {"backend", "languages", "messages", "settings", "signed_in"},
    "forms": {"backend", "messages", "rendering", "runtime", "signed_in"},
    "protection": {"messages", "rendering", "runtime", "settings", "signed_in"},
    "mail_links": {"backend", "forms", "rendering", "settings", "signed_in"},
    "forward_auth": {"backend", "rendering", "runtime", "signed_in"},
    "views": {
        "backend",
        "forms",
        "forward_auth",
        "languages",
        "mail_links",
        "messages",
        "rendering",
        "settings",
        "signed_in",
    },
    "app": {
        *("backend", "forms", "languages", "protection", "rendering", "runtime", "settings", "signed_in", "views"),
    },
}
CREATEDB: Rooms = {
    "models": set(),
    "schemas": set(),
    "command": set(),
    "server": {"command"},
    "tables": {"command", "models", "server"},
    "users": {"command", "server"},
    "services": {"command", "server", "users"},
    "doctor": {"command", "models", "server", "tables"},
    "running": {"command", "server"},
    "main": {"command", "doctor", "running", "services", "tables", "users"},
}
PARTS = [
    pytest.param("Login/app", "app", API, id="Login"),
    pytest.param("FlaskProject", "FlaskProject", PAGES, id="FlaskProject"),
    pytest.param("CreateDB", "CreateDB", CREATEDB, id="CreateDB"),
]


def room_of(module: str) -> str:
    """Return the room of a module, named from below its part."""
    name = module.partition(".")[0]
    return SAME_ROOM.get(name, name)


def find_arrows(folder: Path, package: str) -> dict[str, set[str]]:
    """Return what each room of a part imports of its other rooms."""
    arrows: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        below = path.relative_to(folder)
        if below.parts[0] not in {"tests", "migrations", "__init__.py"}:
            room = room_of(below.parts[0].removesuffix(".py"))
            arrows.setdefault(room, set()).update(set(imported_rooms(path, package)) - {room})
    return arrows


def imported_rooms(path: Path, package: str) -> Iterator[str]:
    """Yield the room of everything that a file imports from its own part, or names as `module:function` for later."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            yield from (room_of(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            yield room_of(str(node.module).removeprefix(f"{package}."))
        elif isinstance(node, ast.Constant) and re.fullmatch(rf"{package}\.[.\w]+:\w+", str(node.value)):
            yield room_of(str(node.value).replace(":", ".").removeprefix(f"{package}."))


@pytest.mark.parametrize(("folder", "package", "rooms"), PARTS)
def test_every_arrow_between_rooms_is_one_that_was_decided(folder: str, package: str, rooms: Rooms) -> None:
    """A new one is written into the list above, and one that is gone is taken out of it."""
    assert find_arrows(ROOT / folder, package) == rooms


@pytest.mark.parametrize(("folder", "package", "rooms"), PARTS)
def test_no_arrow_runs_back_up(folder: str, package: str, rooms: Rooms) -> None:
    """Whoever reads from the ground floor up meets nothing that stands on what comes later."""
    order = list(rooms)

    assert {room: above for room in order if (above := rooms[room] - set(order[: order.index(room)]))} == {}


@pytest.mark.parametrize(("folder", "package", "rooms"), PARTS)
def test_every_room_says_in_one_sentence_what_lives_there(folder: str, package: str, rooms: Rooms) -> None:
    """A stranger knows from its first line whether a room is theirs to search."""
    doors = [ROOT / folder / room / "__init__.py" for room in rooms if (ROOT / folder / room).is_dir()]
    said = {door.parent.name: ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))) or "" for door in doors}

    assert [room for room, sentence in said.items() if not sentence.split("\n")[0].endswith(".")] == []


@pytest.mark.parametrize(("folder", "package", "rooms"), PARTS)
def test_the_architecture_page_shows_every_room(folder: str, package: str, rooms: Rooms) -> None:
    """The map of the house has no blank spots."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert [room for room in rooms if (ROOT / folder / room).is_dir() and f"`{room}/`" not in page] == []
