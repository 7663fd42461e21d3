"""What comes along with an account: the same that each endpoint gives alone, and nothing that was not asked for."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.api import RunSql, SignedIn, register, sign_in
from testing.statements import noting_statements

ALONE = {"sessions": "/user/sessions", "passkeys": "/passkeys", "trusted_devices": "/user/trusted-devices"}


@pytest.fixture
def settings_changes() -> dict[str, Any]:
    """Let prepared statements go through SQLAlchemy, whose events show all of them."""
    return {"sql_echo": True}


def included(user: SignedIn, *names: str) -> dict[str, Any]:
    """Ask for an account with these."""
    query = "&".join(f"include={name}" for name in names)
    answer: dict[str, Any] = user.get(f"/user/account?{query}").json()
    return dict(answer["included"])


def test_each_is_what_its_own_endpoint_gives(other_device: SignedIn, user_with_totp: SignedIn) -> None:
    """One by one and all at once; of the others nothing is said."""
    alone = {name: user_with_totp.get(path).json() for name, path in ALONE.items()}
    assert [session["current"] for session in alone["sessions"]] == [True, False]
    assert other_device.person is user_with_totp.person

    together = included(user_with_totp, *ALONE)
    assert {name: together[name] for name in ALONE} == alone
    for name in ALONE:
        assert included(user_with_totp, name) == {**dict.fromkeys(together), name: alone[name]}


def test_nothing_comes_along_unasked(user: SignedIn) -> None:
    """The answer of before is the answer still, and what nobody knows is refused as any field is."""
    plain, asked = user.get("/user/account"), user.get("/user/account?include=sessions")

    assert "included" not in plain.json()
    assert {name: value for name, value in asked.json().items() if name != "included"} == plain.json()
    assert "account" not in user.get("/user/events").json()
    assert user.get("/user/account?include=password").status_code == 422


def test_the_latest_sign_in_is_known_by_its_session(user: SignedIn, sql: RunSql) -> None:
    """This one's own until somebody signs in elsewhere, then that one's, and nobody's once it is over."""
    own = user.get("/user/account").json()["session"]
    assert included(user, "last_sign_in")["last_sign_in"] == own

    sql("UPDATE sessions SET created_at = '2026-01-01 00:00:00'")
    elsewhere = sign_in(user.http, user.person)
    found = included(user, "last_sign_in")["last_sign_in"]
    assert (found["id"] == elsewhere.get("/user/account").json()["session"]["id"], found["current"]) == (True, False)
    elsewhere.post("/logout")
    assert included(user, "last_sign_in")["last_sign_in"] is None


def test_the_account_comes_along_with_what_is_asked_for(user: SignedIn) -> None:
    """With the history and with the set-up of a second factor, the same as alone."""
    account = user.get("/user/account").json()

    assert user.get("/user/events?include=account").json()["account"] == account
    assert user.post("/totp/enable/start?include=account").json()["account"] == account


def test_who_has_no_second_factor_costs_one_more_statement(user: SignedIn) -> None:
    """The caller's own session, and the list of sessions: nothing is looked for that cannot be there."""
    with noting_statements() as seen:
        included(user, *ALONE, "last_sign_in")

    assert len(seen) == 2


@pytest.mark.asvs("8.2.2")
def test_nobody_else_s_comes_along(api: TestClient, user_with_totp: SignedIn) -> None:
    """What comes along is the caller's, whoever else has the same."""
    stranger = sign_in(api, register(api, "mallory"))
    came = included(stranger, *ALONE)

    assert [session["current"] for session in came["sessions"]] == [True]
    assert (came["passkeys"]["passkeys"], came["trusted_devices"]) == ([], [])
