"""Passkeys in the rules that hold for every second factor: who may remove one, what a reset leaves, what is undone."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.clients.addresses import Client
from app.crud import sessions
from app.errors import SecondFactorRequired
from app.resources import Resources, make_resources
from app.schemas import Deletion, UserUpdate
from app.services import accounts
from testing.api import PASSWORD, MakeSettings, MakeStale, Person, RunSql, SignedIn, enable_totp, register, sign_in
from testing.authenticator import Authenticator
from testing.loops import finish
from testing.mail import Mailbox
from testing.passkeys import add_passkey, log_in_by_passkey, prove_by_passkey, take_first_step

HERE = Client("127.0.0.1", "")
NEW_PASSWORD = "a quite different one"
PAGE, RESET = "/account/disown", "/password/reset"


@pytest.fixture
def alice(api: TestClient, mailbox: Mailbox) -> Person:
    """Give somebody whose address is confirmed: else it has no authority."""
    person = register(api)
    mailbox.confirm(api, person)
    return person


def disown(api: Any, mailbox: Mailbox, person: Person) -> None:
    """Say "this was not me" by the link of the last notice."""
    answer = api.post(PAGE, json={"token": mailbox.token(PAGE, person.email)})
    assert answer.status_code == 200, answer.text


def choose_new_password(api: Any, mailbox: Mailbox, person: Person) -> None:
    """Go the way to a new password."""
    body = {"token": mailbox.token(RESET, person.email), "new_password": NEW_PASSWORD}
    assert api.post("/password/reset/confirm", json=body).status_code == 200
    person.password = NEW_PASSWORD


@pytest.mark.asvs("6.4.3")
def test_a_disowned_passkey_goes_with_all_that_were_added_since(
    api: TestClient, user: SignedIn, mailbox: Mailbox
) -> None:
    """A thief's second key within a minute has no notice of its own; the codes that came along have been read."""
    thiefs = [Authenticator() for _ in range(3)]
    codes = add_passkey(user, thiefs[0])["recovery_codes"]
    token = mailbox.token(PAGE, user.person.email)
    for device in thiefs[1:]:
        add_passkey(user, device)
    assert api.post(PAGE, json={"token": token}).status_code == 200

    assert {log_in_by_passkey(api, device).json()["code"] for device in thiefs} == {"passkey_unknown"}
    choose_new_password(api, mailbox, user.person)
    assert sign_in(api, user.person).get("/totp/status").json() == {
        "enabled": False,
        "recovery_codes_left": 0,
        "recovery_codes_saved": True,
    }
    assert api.post("/login", json={"email": user.person.email, "password": PASSWORD, "totp": codes[0]}).is_error


@pytest.mark.asvs("6.4.3")
def test_older_factors_stay_when_a_passkey_is_disowned(
    api: TestClient, user: SignedIn, mailbox: Mailbox, phone: Authenticator, sql: RunSql
) -> None:
    """A mailbox alone never skips them, and their recovery codes go on."""
    add_passkey(user, phone)
    enable_totp(user)
    mailbox.empty()
    sql("UPDATE mails SET created_at = '2020-01-01 00:00:00'")  # notices of a kind come a minute apart
    add_passkey(user, Authenticator())
    disown(api, mailbox, user.person)
    choose_new_password(api, mailbox, user.person)
    mine = SignedIn(api, user.person, log_in_by_passkey(api, phone).json()["access_token"], "")

    assert [one["name"] for one in mine.get("/passkeys").json()["passkeys"]] == ["My phone"]
    assert take_first_step(mine, api)["factors"] == ["totp", "passkey", "recovery_code"]
    assert mine.get("/totp/status").json() == {
        "enabled": True,
        "recovery_codes_left": 10,
        "recovery_codes_saved": False,
    }


def test_a_disowned_app_leaves_older_passkeys(
    api: TestClient, user: SignedIn, mailbox: Mailbox, phone: Authenticator
) -> None:
    """The other way round."""
    add_passkey(user, phone)
    mailbox.empty()
    enable_totp_beside(user)
    disown(api, mailbox, user.person)
    mine = SignedIn(api, user.person, log_in_by_passkey(api, phone).json()["access_token"], "")

    assert mine.get("/totp/status").json() == {
        "enabled": False,
        "recovery_codes_left": 10,
        "recovery_codes_saved": False,
    }


def enable_totp_beside(user: SignedIn) -> None:
    """Set an app up where there are passkeys."""
    user.secret = user.post("/totp/enable/start").json()["secret"]
    answer = user.post("/totp/enable/confirm", {"secret": user.secret, "code": user.code(-1)})
    assert answer.status_code == 200, answer.text


@pytest.mark.asvs("6.4.3")
def test_a_reset_by_mail_leaves_passkeys(
    api: TestClient, user: SignedIn, mailbox: Mailbox, phone: Authenticator
) -> None:
    """The password alone signs in no more than before."""
    add_passkey(user, phone)
    api.post("/password/reset", json={"email": user.person.email})
    choose_new_password(api, mailbox, user.person)

    assert take_first_step(user, api)["code"] == "second_factor_required"
    assert log_in_by_passkey(api, phone).status_code == 200


def test_who_proves_a_mailbox_first_gets_an_account_without_a_strangers_keys(
    api: TestClient, mailbox: Mailbox, phone: Authenticator, sql: RunSql
) -> None:
    """A squatter's passkey would else open what the mailbox' owner takes for theirs."""
    person = register(api, "victim")
    add_passkey(sign_in(api, person), phone)
    api.post("/password/reset", json={"email": person.email})
    choose_new_password(api, mailbox, person)

    assert log_in_by_passkey(api, phone).json()["code"] == "passkey_unknown"
    assert sign_in(api, person).get("/user/account").json()["passkeys"] == 0
    assert sql("SELECT COUNT(*) FROM recovery_codes") == [(0,)]


@pytest.mark.asvs("7.5.1", "6.3.3")
def test_where_a_code_is_wanted_a_passkey_will_do(
    user: SignedIn, security_key: Authenticator, make_session_stale: MakeStale
) -> None:
    """A new password, and the end of the account: never by the password alone."""
    add_passkey(user, security_key)
    make_session_stale()
    alone = user.update(new_password=NEW_PASSWORD)
    both = user.update(new_password=NEW_PASSWORD, **prove_by_passkey(user, security_key, with_password=True))
    user.person.password = NEW_PASSWORD
    body = {"confirm": True, "current_password": NEW_PASSWORD}
    kept = user.call("DELETE", "/user/delete", body)
    gone = user.call("DELETE", "/user/delete", body | prove_by_passkey(user, security_key, with_password=True))

    assert (alone.json()["code"], alone.json()["factors"]) == ("second_factor_required", ["passkey", "recovery_code"])
    assert (both.status_code, kept.json()["code"], gone.status_code) == (200, "second_factor_required", 200)


@pytest.fixture
def resources(make_settings: MakeSettings, migrated_url: str) -> Iterator[Resources]:
    """Give an API with one thread for hashes."""
    made = make_resources(make_settings(migrated_url, hash_threads=1))
    yield made
    made.close()


@pytest.mark.asvs("2.3.4", "6.3.3")
@pytest.mark.parametrize(
    ("change", "body"),
    [
        (accounts.update, UserUpdate.model_validate({"new_password": NEW_PASSWORD, "current_password": PASSWORD})),
        (accounts.delete, Deletion.model_validate({"confirm": True, "current_password": PASSWORD})),
    ],
)
def test_a_passkey_added_while_a_change_waits_for_its_hash_counts(  # noqa: PLR0913, PLR0917 who changes what meanwhile
    resources: Resources, user: SignedIn, phone: Authenticator, sql: RunSql, change: Callable[..., Any], body: object
) -> None:
    """The password that was enough when it was asked for is not when the change is made."""
    [(sid,)] = sql("SELECT sid FROM sessions")

    async def race() -> None:
        principal = await resources.database.read(sessions.get_principal, sid)
        assert principal is not None
        async with resources.hashes.place():
            asked = asyncio.create_task(change(resources, principal, body, HERE))
            while resources.hashes.waiting < 2:  # noqa: ASYNC110 the pool rings no bell
                await asyncio.sleep(0.01)
            await asyncio.to_thread(add_passkey, user, phone)
            sql("UPDATE sessions SET authenticated_at = '2020-01-01 00:00:00'")
        await asked

    with pytest.raises(SecondFactorRequired):
        finish(race())
    assert sql("SELECT COUNT(*) FROM users") == [(1,)]
    assert take_first_step(user, user.http)["code"] == "second_factor_required"
