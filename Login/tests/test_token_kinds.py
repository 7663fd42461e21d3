"""Every kind of token at every place that takes one: only its own opens."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from app.authority.letters import Link
from app.config import Settings
from app.crud import accounts
from app.resources import Resources, make_resources
from app.services.links import make_link
from testing.api import RunSql, SignedIn
from testing.loops import finish

NEW = "alice@example.net"
NEW_PASSWORD = "a quite different one"
LINKS = (Link.VERIFY, Link.CHANGE, Link.DISOWN, Link.RESCUE, Link.REVERT)

Place = Callable[[SignedIn, str], Any]

PLACES: dict[str, Place] = {
    "access": lambda user, token: user.http.get("/user/profile", headers={"Authorization": f"Bearer {token}"}),
    "refresh": lambda user, token: user.http.post("/refresh", json={"refresh_token": token}),
    "login": lambda user, token: user.http.post("/login", json={"login_token": token, "totp": user.code()}),
    Link.VERIFY: lambda user, token: user.http.post("/email/verify", json={"token": token}),
    Link.CHANGE: lambda user, token: user.http.post("/email/change/confirm", json={"token": token}),
    Link.DISOWN: lambda user, token: user.http.post("/account/disown", json={"token": token}),
    Link.RESCUE: lambda user, token: user.http.post(
        "/password/reset/confirm", json={"token": token, "new_password": NEW_PASSWORD}
    ),
    Link.REVERT: lambda user, token: user.http.post("/email/revert", json={"token": token}),
}
ALSO_AT = {Link.DISOWN: Link.VERIFY}  # the mail of a new account says "this was not me", too
REFUSALS = {
    "access": (401, "token_invalid"),
    "refresh": (401, "token_invalid"),
    "login": (400, "login_token_invalid"),
    **dict.fromkeys(LINKS, (400, "link_invalid")),
}


@pytest.fixture
def tokens(user_with_totp: SignedIn, settings: Settings, sql: RunSql) -> dict[str, str]:
    """Give one good token of each kind, all of one person."""
    user = user_with_totp
    body = {"username": user.person.username, "password": user.person.password}
    login = user.http.post("/login", json=body).json()["login_token"]
    [(user_id,)] = sql("SELECT id FROM users")
    resources = make_resources(settings)
    links = {kind: finish(resources.database.transaction(link_token, resources, kind, user_id)) for kind in LINKS}
    resources.close()
    return {"access": user.access_token, "refresh": user.refresh_token, "login": login, **links}


def link_token(connection: Connection, resources: Resources, kind: str, user_id: int) -> str:
    """Make the token of a link from a mail: to the person's mailbox, or to the one that is to become theirs."""
    person = accounts.get_addressee(connection, user_id)
    assert person is not None
    mailbox = person._replace(email=NEW, email_key=NEW) if kind == Link.CHANGE else person
    return make_link(connection, resources, kind, mailbox).partition("?token=")[2]


@pytest.mark.asvs("9.2.2", "9.2.3", "9.2.4")
@pytest.mark.parametrize("settings_changes", [{"rate_limits_enabled": False}])
@pytest.mark.parametrize("right", PLACES)
def test_each_token_works_at_its_own_place_only(user_with_totp: SignedIn, tokens: dict[str, str], right: str) -> None:
    """Eight kinds at eight places: what is at the wrong one is refused and loses nothing, as the right one shows."""
    for place, present in PLACES.items():
        for kind, token in tokens.items():
            answer = present(user_with_totp, token) if kind not in {place, ALSO_AT.get(place)} else None
            assert answer is None or (answer.status_code, answer.json()["code"]) == REFUSALS[place], (kind, place)

    answer = PLACES[right](user_with_totp, tokens[right])
    assert answer.status_code == 200, answer.text
