"""docs/rules.md says what callers may do: every field, limit, way in and lifetime is the code's."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app import schemas
from app.auth import LOGIN_TOKEN_LIFETIME
from app.config import Settings
from app.crud.sessions import SESSIONS_MAX
from app.identifiers import EMAIL_MAX, PHRASE_MAX
from app.main import create_app
from app.passwords.rules import BYTES_MAX, LENGTH_MIN, SLACK, WORD_MIN
from app.services.sessions import FRESH
from app.throttling import limits
from app.throttling.floods import INTROSPECTIONS, LIMITS, MINUTE
from app.web.body_limit import BODY_MAX
from testing.documents import chapter, table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "rules.md"
INPUT, LIMITED, PASSWORDS, WAYS, SESSIONS = (
    chapter(PAGE, name) for name in ("Input", "Limits", "Passwords", "Ways in", "Sessions")
)
SPANS = {"a minute": 60, "5 minutes": 300, "an hour": 3600, "a day": 86400}


def settings() -> Settings:
    """Return the settings of somebody who sets nothing."""
    return Settings(
        database_url=SecretStr("sqlite:///never-opened.sqlite3"), jwt_secret_key=SecretStr("k" * 40), _env_file=None
    )


def in_code(text: str) -> set[str]:
    """Return what stands in code."""
    return set(re.findall(r"`([^`]+)`", text))


def bodies_below(kind: type[schemas.Body]) -> set[type[schemas.Body]]:
    """Return every kind of body, however far it is derived."""
    return {kind}.union(*map(bodies_below, kind.__subclasses__()))


@pytest.mark.asvs("2.1.1", "2.1.2", "6.4.2")
def test_every_field_has_its_rule() -> None:
    """Of every body that the API takes, and none is a hint or a question."""
    wanted = {field for body in bodies_below(schemas.Body) for field in body.model_fields}
    rows = table(INPUT)
    named = {name for row in rows[1 : rows.index(["where", "rule"])] for name in in_code(row[0])}

    assert named == wanted
    assert f"at most {EMAIL_MAX} characters" in INPUT
    assert f"at most {PHRASE_MAX} characters" in INPUT
    assert f"at most {BYTES_MAX} bytes" in INPUT
    assert f"at most {BODY_MAX // 1024} KiB" in INPUT


@pytest.mark.asvs("2.1.3", "6.1.1", "15.1.3")
def test_every_limit_has_its_number() -> None:
    """Guesses and floods, as the code counts them."""
    told = {row[0]: (int(row[1]), SPANS[row[2]]) for row in table(LIMITED)[1:]}
    guesses = [limit for limit in vars(limits).values() if isinstance(limit, limits.Limit)]
    wanted = {limit.name: (limit.amount, int(limit.window.total_seconds())) for limit in guesses}
    wanted |= {f"requests of one address: {name}": (amount, MINUTE) for name, amount in LIMITS.items()}
    wanted["requests of one service: introspection"] = (INTROSPECTIONS, MINUTE)

    assert told == wanted


@pytest.mark.asvs("6.1.2")
def test_words_too_near_are_named() -> None:
    """Which words, and how near."""
    assert f"At least {LENGTH_MIN} characters" in PASSWORDS
    assert f"in parts of {WORD_MIN} characters or more, with fewer than {SLACK} other characters" in PASSWORDS
    assert {"pupero", "Login/app/services/reserved.py"} <= in_code(PASSWORDS)


@pytest.mark.asvs("6.1.3", "6.3.4")
def test_every_way_to_a_session_is_named() -> None:
    """Whatever answers with tokens has its row; whatever has a row and gives none says so."""
    document = create_app(settings()).openapi()
    giving = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if gives_tokens(operation["responses"]["200" if "200" in operation["responses"] else "201"], document)
    }
    named = {way for row in table(WAYS)[1:] if not row[2].startswith("no session") for way in in_code(row[0])}

    assert len(giving) == 6
    assert named == giving


def gives_tokens(answer: dict[str, object], document: dict[str, object]) -> bool:
    """Tell whether an answer's schema holds an access token."""
    names = re.findall(r"#/components/schemas/(\w+)", str(answer))
    return any("access_token" in str(document["components"]["schemas"][name]["properties"]) for name in names)  # type: ignore[index]


@pytest.mark.asvs("7.1.1", "7.1.2")
def test_lifetimes_are_the_codes() -> None:
    """By default, and how many sessions there may be."""
    defaults = settings()
    told = {row[0].split(",")[0]: row[1] for row in table(SESSIONS)[1:]}

    assert [words(defaults.session_lifetime(remember=flag)) for flag in (False, True)] == [
        told['session without "remember me"'],
        told['session with "remember me"'],
    ]
    assert told["the same"] == words(defaults.idle_limit(remember=False))
    assert defaults.idle_limit(remember=True) == defaults.session_lifetime(remember=True)
    assert told["access token"] == words(defaults.jwt_access_token_expire_minutes)
    assert (told["fresh"], told["login token"]) == (words(FRESH), words(LOGIN_TOKEN_LIFETIME))
    assert f"at most {SESSIONS_MAX} live sessions" in SESSIONS


def words(span: timedelta) -> str:
    """Say a span as the page does."""
    minutes = int(span.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes <= 24 * 60 else f"{minutes // 60 // 24} days"
