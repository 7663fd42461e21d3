"""docs/api.md says what the API does: every endpoint, every code of a refusal with its status, and no other."""

import re

from pydantic import SecretStr

from app.config import Settings
from app.errors import ApiError
from app.main import create_app
from app.web.problems import CODES, VALIDATION_CODE
from testing.documents import ROOT, chapter, first_column, list_rows

PAGE = ROOT / "docs" / "api.md"
VALIDATION = (422, VALIDATION_CODE)


def endpoints() -> set[str]:
    """Return what the API offers, as its own document says."""
    settings = Settings(database_url=SecretStr("sqlite:///never-opened.sqlite3"), jwt_secret_key=SecretStr("k" * 40))
    paths = create_app(settings).openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def kinds(family: type[ApiError]) -> list[type[ApiError]]:
    """Return every kind of refusal that there is."""
    return [kind for one in family.__subclasses__() for kind in (one, *kinds(one))]


def test_each_endpoint_is_listed_once() -> None:
    """The tables are the API: nothing is missing and nothing is made up."""
    assert sorted(first_column(chapter(PAGE, "Endpoints"))) == sorted(endpoints())


def test_each_code_is_listed_once_with_its_status() -> None:
    """A code that a client is told to switch on is one that the API answers, and the reverse."""
    rows = [re.match(r"\| (\d+) \| `(\w+)` \| \S", row) for row in list_rows(chapter(PAGE, "Refusals"))]
    listed = [(int(row[1]), row[2]) for row in rows if row]
    answered = {(int(kind.status), kind.code) for kind in kinds(ApiError)} | set(CODES.items()) | {VALIDATION}

    assert len(listed) == len(rows)
    assert sorted(listed) == sorted(answered)


def test_what_wants_a_token_is_marked() -> None:
    """A lock stands beside exactly the endpoints that want an access token, a key where a service asks."""
    settings = Settings(database_url=SecretStr("sqlite:///never-opened.sqlite3"), jwt_secret_key=SecretStr("k" * 40))
    paths = create_app(settings).openapi()["paths"]
    for mark, scheme in (("🔒", "HTTPBearer"), ("🔑", "HTTPBasic")):
        operations = ((f"{method.upper()} {path}", one) for path in paths for method, one in paths[path].items())
        wanting = {name for name, one in operations if one.get("security") == [{scheme: []}]}
        marked = {row.split("`")[1] for row in list_rows(chapter(PAGE, "Endpoints")) if mark in row.split("|")[1]}

        assert marked == wanting != set()
