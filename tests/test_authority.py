"""The table of authority: no write without a row, no row without its page, no mail without a rule."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.authority.changes import CHANGES, Ends
from app.authority.letters import LETTERS, Link
from app.authority.signs import SIGNS
from app.authority.webhooks import TELLS, WEBHOOKS
from app.letters.catalogue import CATALOGUE
from app.services.disowning import TAKE_BACK
from app.services.links import PAGES
from scripts.authority_page import PAGE, write_page
from testing.documents import chapter, table

ROOT = Path(__file__).resolve().parents[1]
CRUD = sorted((ROOT / "Login/app/crud").glob("*.py"))
DOERS = [
    path
    for room in ("Login/app/services", "CreateDB/users", "CreateDB/services")
    for path in sorted((ROOT / room).glob("*.py"))
]
TABLES = {"users", "recovery_codes", "enrolments", "sessions", "tokens", "passkeys", "ceremonies", "devices"}
ROWS = {"User", "Session", "OneTimeToken", "Passkey", "TrustedDevice"}
WRITES = {"insert", "update", "delete"}
# Writes by which nobody gains or loses anything.
HARMLESS = {
    "touch_session": "when and where a session was seen",
    "rotate_session": "the next generation of the same line",
    "replace_hash": "another hash of the same password",
    "spend_totp_step": "a code is used up by what it proves",
    "use_passkey": "when a passkey has answered, and how often",
    "note_saved_codes": "their owner says that the codes are saved",
    "insert_ceremony": "a challenge, of which nothing follows by itself",
    "take_ceremony": "a challenge is used up by its answer",
    "void_unneeded_codes": "what stands in for factors goes with the last of them",
    "delete_unconfirmed": "an account that nobody confirmed or ever signed in to",
    "void_links": "named in the rows' own column",
    "forget_devices": "likewise",
    "use_device": "when a trusted device has signed in",
}
GENERAL = {
    "consequences.py": "does what the rows say",
    "links.py": "makes what the rows of mails name",
    "proofs.py": "uses up what it was shown; notices.py tells of a recovery code",
}

Node = ast.FunctionDef | ast.Assign


@cache
def parse(path: Path) -> ast.Module:
    """Return the file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def writes_itself(node: Node) -> bool:
    """Whether a statement on one of the tables is built here."""
    calls = [call for call in ast.walk(node) if isinstance(call, ast.Call) and call.args]
    direct = any(
        ast.unparse(call.func).removeprefix("sa.") in WRITES and ast.unparse(call.args[0]) in TABLES for call in calls
    )
    adds = any(ast.unparse(call.func) == "insert_row" for call in calls)
    rows = isinstance(node, ast.FunctionDef) and any(
        isinstance(argument.annotation, ast.Name) and argument.annotation.id in ROWS for argument in node.args.args
    )
    return direct or (adds and rows)


def find_writers(path: Path) -> set[str]:
    """Return the public functions of a file that write to the tables, themselves or by what they call."""
    named = {name: node for node in parse(path).body if isinstance(node, Node) for name in names_of(node)}
    found = {name for name, node in named.items() if writes_itself(node)}
    while True:
        more = {name for name, node in named.items() if name not in found and found & names_in(node)}
        if not more:
            return {name for name in found if isinstance(named[name], ast.FunctionDef) and not name.startswith("_")}
        found |= more


def names_of(node: Node) -> list[str]:
    """Return what a definition defines."""
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def names_in(node: Node) -> set[str]:
    """Return the names that a definition uses."""
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


WRITERS = {name for path in CRUD for name in find_writers(path)}
LISTED = {name for row in CHANGES.values() for name in row.writes}


def test_the_walk_finds_what_there_is() -> None:
    """Writes of each of the tables, prepared ones and those by way of a helper too."""
    assert {"insert_user", "replace_recovery_codes", "replace_enrolment", "end_own_session"} <= WRITERS
    assert {"rotate_session", "take_link", "insert_token", "insert_session"} <= WRITERS
    assert not {"get_principal", "find_link", "hold_user"} & WRITERS


@pytest.mark.asvs("8.1.1")
def test_every_write_has_a_row() -> None:
    """A new way to change an account is a decision about proof, notice and undoing, or harmless with a reason."""
    assert sorted(WRITERS - LISTED - set(HARMLESS)) == []


def test_no_row_names_what_is_not_there() -> None:
    """The table does not outlive the code."""
    assert sorted(LISTED - WRITERS) == []
    assert sorted(set(HARMLESS) - WRITERS) == []


def used_in(path: Path) -> Iterator[str]:
    """Yield the writes that a file makes: of a module of crud/, or imported from one."""
    nodes = list(ast.walk(parse(path)))
    imports = [
        node for node in nodes if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app.crud")
    ]
    imported = {alias.asname or alias.name for node in imports for alias in node.names} | {"crud"}
    for node in nodes:
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).partition(".")[0] in imported:
            yield node.attr
        if isinstance(node, ast.Name) and node.id in imported:
            yield node.id


def events_in(path: Path) -> set[str]:
    """Return the rows that a file names."""
    return {
        node.value
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in CHANGES
    }


@pytest.mark.parametrize(
    "path", [path for path in DOERS if path.name not in GENERAL], ids=lambda path: "/".join(path.parts[-3:])
)
def test_whoever_writes_names_a_row_that_lists_the_write(path: Path) -> None:
    """A service that changes an account lets follow what the table says."""
    listed = {name for event in events_in(path) for name in CHANGES[event].writes}

    assert sorted(set(used_in(path)) & WRITERS - listed - set(HARMLESS)) == []


def test_every_row_happens_somewhere() -> None:
    """A row that nobody asks is a promise that nobody keeps."""
    assert sorted(set(CHANGES) - {event for path in DOERS for event in events_in(path)}) == []


def test_every_sign_is_seen_somewhere() -> None:
    """What the history can tell beside changes is written by some service."""
    said = {node.value for path in DOERS for node in ast.walk(parse(path)) if isinstance(node, ast.Constant)}

    assert sorted(set(SIGNS) - said) == []


def test_every_mail_has_words_and_a_rule() -> None:
    """Of each kind that the table tells there is a text; each link leads to a page."""
    notices = [notice for row in CHANGES.values() for notice in row.notices]
    told = {kind for notice in notices for kind in (notice.kind, notice.unproved) if kind}

    assert set(CATALOGUE) == set(LETTERS)
    assert told <= set(LETTERS)
    assert set(PAGES) == set(Link)


def test_what_can_be_taken_back_is() -> None:
    """Each row that promises it is undone by the link of its notice."""
    promised = {row.event for row in CHANGES.values() if row.takes_back}

    assert promised == set(TAKE_BACK) | {"email.changed", "email.change_confirmed"}


@pytest.mark.asvs("8.1.1")
def test_the_page_is_the_table() -> None:
    """docs/authority.md is what the code does."""
    assert PAGE.read_text(encoding="utf-8") == write_page()


def test_every_webhook_is_caused_and_explained() -> None:
    """By a row that exists, and in docs/integration.md with what it tells."""
    (_, *rows) = table(chapter(ROOT / "docs" / "integration.md", "Webhooks"))
    explained = {kind: re.findall(r"`(\w+)`", row[2]) for row in rows for kind in re.findall(r"`([\w.]+)`", row[0])}

    assert TELLS.keys() <= CHANGES.keys()
    assert {kind for kinds in TELLS.values() for kind in kinds} == WEBHOOKS.keys()
    assert {kind: set(fields) - {"sid"} for kind, fields in explained.items()} == {
        kind: set(fields) for kind, fields in WEBHOOKS.items()
    }


@pytest.mark.asvs("7.4.3")
def test_no_device_stays_trusted_past_what_it_was_trusted_for() -> None:
    """A new password, "this was not me", an operator's end, and every change of the factors that are spared."""
    ends = {event.rpartition(".")[0] for event in CHANGES if CHANGES[event].untrusts}
    factors = {event for event in CHANGES if event.startswith(("factor.", "recovery_codes."))}

    assert {"password", "account", "sessions", "event", "email", "factor.totp", "factor.passkey"} <= ends
    assert {event for event in factors if not CHANGES[event].untrusts} == {
        "factor.totp.started",
        "factor.passkey.renamed",
    }
    assert not CHANGES["device.trusted"].untrusts


def test_whoever_loses_every_session_is_told_of() -> None:
    """A receiver that keeps people signed in hears when nobody is any more."""
    over = {"sessions.ended", "account.disabled", "account.deleted"}
    ending = [row for row in CHANGES.values() if row.ends in {Ends.ALL, Ends.OTHERS}]

    assert [row.event for row in ending if not over & set(row.webhooks)] == []
