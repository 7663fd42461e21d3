"""Each rule that a field can break has its stable code, beside FastAPI's list as the seed's clients know it."""

import re
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError
from starlette.testclient import TestClient

from app.field_errors import FieldCode
from app.web.field_problems import list_field_problems
from testing.api import PASSWORD, SignedIn
from testing.documents import ROOT, chapter, first_column

REGISTER = {"email": "bob@example.com", "username": "bob", "password": PASSWORD}
LOGIN = {"username": "alice", "password": PASSWORD}
OF_QUERIES = {FieldCode.OUT_OF_RANGE, FieldCode.WRONG_FORM}
LONG_PART = f"{'a' * 65}@example.com"

# What is sent, and what is said of which field.
REFUSED: list[tuple[str, Any, str | None, str]] = [
    ("/register", {"username": "bob", "password": PASSWORD}, "email", "required"),
    ("/register", REGISTER | {"email": "bob"}, "email", "not_an_email"),
    ("/register", REGISTER | {"email": "Bob <bob@example.com>"}, "email", "not_an_email"),
    ("/register", REGISTER | {"email": "bob@example..com"}, "email", "not_an_email"),
    ("/register", REGISTER | {"email": LONG_PART}, "email", "too_long"),
    ("/register", REGISTER | {"email": "a" * 1001}, "email", "too_long"),
    ("/register", REGISTER | {"email": "b\u200bob@example.com"}, "email", "invisible_character"),
    ("/register", REGISTER | {"email": "\uff42ob@example.com"}, "email", "compatibility_character"),
    ("/register", REGISTER | {"username": "bo"}, "username", "too_short"),
    ("/register", REGISTER | {"username": "b" * 51}, "username", "too_long"),
    ("/register", REGISTER | {"username": "bob and ann"}, "username", "forbidden_character"),
    ("/register", REGISTER | {"username": "b\nob"}, "username", "invisible_character"),
    ("/register", REGISTER | {"username": 7}, "username", "wrong_type"),
    ("/register", REGISTER | {"password": "a\tb" * 9}, "password", "invisible_character"),
    ("/register", REGISTER | {"password": "é" * 513}, "password", "too_long"),
    ("/register", [], None, "wrong_type"),
    ("/register", b'{"email": ', None, "malformed_json"),
    ("/login", {"password": PASSWORD}, None, "missing_fields"),
    ("/login", LOGIN | {"login_token": "x", "totp": "492039"}, None, "conflicting_fields"),
    ("/login", LOGIN | {"totp": "4" * 101}, "totp", "too_long"),
    ("/login", LOGIN | {"remember_me": "yes"}, "remember_me", "wrong_type"),
    ("/refresh", {"refresh_token": "x" * 8193}, "refresh_token", "too_long"),
    ("/user/delete", {"confirm": False, "current_password": PASSWORD}, "confirm", "not_true"),
    ("/totp/enable/confirm", {"secret": "", "code": "492039"}, "secret", "too_short"),
    ("/passkeys", {"ceremony": "x", "credential": {}, "name": " \u200d "}, "name", "blank"),
    ("/passkeys", {"ceremony": "x", "credential": [], "name": "mine"}, "credential", "wrong_type"),
]


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: what is refused here reaches no database."""
    return sqlite_copy


@pytest.fixture
def settings_changes() -> dict[str, Any]:
    """Let a test try as often as it likes: throttles have tests of their own."""
    return {"rate_limits_enabled": False}


@pytest.mark.asvs("2.2.1")
def test_each_rule_has_its_code(api: TestClient, user: SignedIn) -> None:
    """Whatever a person can do wrong, a page in any language can tell them; FastAPI's own members stay beside it."""
    headers = {"Authorization": f"Bearer {user.access_token}", "Content-Type": "application/json"}
    for path, body, field, code in REFUSED:
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = api.post(path, headers=headers, **sent)
        [problem] = answer.json()["detail"]
        assert (answer.status_code, problem["code"]) == (422, code), (path, body, problem)
        assert problem.keys() == {"loc", "msg", "type", "code"}
        assert problem["loc"][1:] == [field] if field else len(problem["loc"]) <= 2, (path, body, problem)
        assert not problem["msg"].startswith("Value error")

    assert {code for *_, code in REFUSED} == set(FieldCode) - {FieldCode.INVALID, *OF_QUERIES}


class Page(BaseModel):
    """A query such as lists take."""

    limit: int = Field(ge=1, le=9)
    kind: str = Field(pattern="^[a-z]+$")


@pytest.mark.parametrize(
    ("limit", "kind", "codes"),
    [
        ("0", "a", [FieldCode.OUT_OF_RANGE]),
        ("10", "A", [FieldCode.OUT_OF_RANGE, FieldCode.WRONG_FORM]),
        ("x", "", [FieldCode.WRONG_TYPE, FieldCode.WRONG_FORM]),
    ],
)
def test_rules_of_queries_have_theirs(limit: str, kind: str, codes: list[FieldCode]) -> None:
    """Numbers out of range, and texts of another form than the document says."""
    with pytest.raises(ValidationError) as refused:
        Page.model_validate({"limit": limit, "kind": kind})

    assert [problem["code"] for problem in list_field_problems(refused.value.errors())] == codes


def test_each_code_of_a_field_is_documented() -> None:
    """docs/api.md lists exactly these."""
    codes = [re.sub(r"`", "", cell) for cell in first_column(chapter(ROOT / "docs" / "api.md", "Fields"))]

    assert sorted(codes) == sorted(FieldCode)
