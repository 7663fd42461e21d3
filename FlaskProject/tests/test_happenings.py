"""Everything that can stand in a history has words, and belongs to one part of it."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import errors
from app.authority.changes import CHANGES
from app.authority.signs import SIGNS, SUMMED_UP
from app.services.history import can_disown
from FlaskProject.backend.answers import Event
from FlaskProject.messages import TEXT, t
from FlaskProject.rendering.happenings import KNEW_PASSWORD, describe
from FlaskProject.views.history import PARTS

KINDS = {kind for kind in (*CHANGES, *SIGNS) if not kind.startswith("service.")}  # those are no person's
SERVICES = Path(__file__).resolve().parents[2] / "Login" / "app" / "services"
LATER = {"session_ended"}  # raised once the proof was right, where refusals are not noted


def make_event(kind: str, **more: object) -> Event:
    """Make an event as the API tells it."""
    facts = {"id": "e1", "kind": kind, "at": datetime.now(UTC).isoformat(), "count": 1, "outcome": "success"}
    return Event.read(facts | {"actor": "person", "current": False, "amr": [], "facts": {}, "can_disown": False} | more)


def noted_refusals() -> set[str]:
    """Return the codes that the API's source notes: given to what notes them, or raised where refusals are noted."""
    names = {name for path in ("logins.py", "reauthentication.py") for name in names_given_in(SERVICES / path)}
    names |= {
        name for path in ("proofs.py", "assertions.py", "attempts.py") for name in names_raised_in(SERVICES / path)
    }
    found = [error for name in names if isinstance(error := getattr(errors, name, None), type)]
    return {error.code for error in found if issubclass(error, errors.ApiError) and error.status < 500}


def names_given_in(path: Path) -> Iterator[str]:
    """Yield what is given to the functions that note refusals."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_fail", "note_refusal"}:
            yield from (argument.attr for argument in node.args if isinstance(argument, ast.Attribute))


def names_raised_in(path: Path) -> Iterator[str]:
    """Yield what is raised."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Raise):
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            yield str(getattr(error, "attr", getattr(error, "id", "")))


def words(prefix: str) -> set[str]:
    """Return what the catalogue knows under a prefix."""
    return {key.removeprefix(prefix) for key in TEXT if key.startswith(prefix)}


def test_every_kind_has_words_and_every_word_a_kind() -> None:
    """In the table of authority and among the signs; what stands beside a kind's title is of a kind, too."""
    beside = {f"{kind}.{what}" for kind in KINDS for what in ("more", "hint", "knew")}

    assert words("event.") - beside == KINDS | {"unknown"}


def test_every_reason_has_words() -> None:
    """Each that the API's source can note, and no other."""
    assert words("reason.") == noted_refusals() - LATER | {"unknown"}
    assert words("reason.") > KNEW_PASSWORD


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_in_one_part(kind: str) -> None:
    """As the API reads what is asked for: this kind, or all below it."""
    assert sum(f"{kind}.".startswith(f"{above}.") for part in PARTS.values() for above in part) == 1


def test_no_part_is_empty() -> None:
    """Each of the kinds that it asks for is one of the API's."""
    asked = {above for part in PARTS.values() for above in part}

    assert {above for above in asked if not any(f"{kind}.".startswith(f"{above}.") for kind in KINDS)} == set()


@pytest.mark.asvs("6.3.7")
def test_what_no_button_takes_back_says_what_to_do() -> None:
    """Refusals, and changes of address that only the former mailbox can take back."""
    moves = {kind for kind, row in CHANGES.items() if row.takes_back and not can_disown(kind)}

    assert moves
    assert {kind for kind in {*SUMMED_UP, *moves} if describe(make_event(kind)).hint is None} == set()
    assert all("your former address" in str(describe(make_event(kind)).hint) for kind in moves)


def test_a_wrong_code_means_that_somebody_knows_the_password() -> None:
    """Which is to be changed; after a wrong password nothing is lost."""
    said = {reason: describe(make_event("session.refused", reason=reason)).hint for reason in words("reason.")}

    assert {reason for reason, hint in said.items() if "Change your password now" in str(hint)} == KNEW_PASSWORD


def test_a_button_needs_no_hint() -> None:
    """What can be taken back says so by its button."""
    kind = "passkey.counter_went_back"

    assert describe(make_event(kind)).hint
    assert describe(make_event(kind, can_disown=True)).hint is None


@pytest.mark.parametrize(
    ("kind", "more", "notes"),
    [
        ("session.started", {"amr": ["pwd", "otp"]}, ["With the password and a code from the app."]),
        ("session.started", {"amr": ["pwd", "rc"]}, ["With the password and a recovery code."]),
        ("session.renewed", {"amr": ["hwk"]}, ["With a passkey."]),
        ("session.started", {"amr": ["dna"]}, []),
        ("username.changed", {"amr": ["pwd"]}, []),
        ("recovery_code.used", {"facts": {"left": 9}}, ["9 were left."]),
        ("recovery_code.used", {"facts": {"left": "many"}}, []),
        ("sessions.revoked", {"facts": {"sessions_ended": 1}}, ["1 sign-in ended."]),
        (
            "session.refused",
            {"count": 3, "reason": "invalid_credentials"},
            ["3 times within a minute.", "The password was wrong."],
        ),
        ("session.refused", {"reason": "bad_moon"}, ["The reason is one that this page has no words for yet."]),
        ("email.confirmed", {"actor": "link"}, ["By a link from a mail."]),
        ("account.enabled", {"actor": "operator"}, ["By somebody who runs this service."]),
        ("account.enabled", {"actor": "committee"}, []),
        ("account.role_set", {"facts": {"role": "admin", "former_role": "user"}}, ["From user to admin."]),
        ("email.claimed", {"actor": "service", "outcome": "unknown"}, ["They got none, and a mail told you of it."]),
    ],
)
def test_notes_say_what_is_known(kind: str, more: dict[str, object], notes: list[str]) -> None:
    """How often, why, by what means, by whom; of what an API of tomorrow knows, nothing or that there is more."""
    assert describe(make_event(kind, **more)).notes == notes


@pytest.mark.parametrize("kind", ["moon.landed", "session", "unknown", "email.changed.twice"])
def test_a_kind_of_tomorrow_has_neutral_words(kind: str) -> None:
    """An API newer than its pages is no reason for a trace, or for a raw name."""
    assert describe(make_event(kind)).title == t("event.unknown")
