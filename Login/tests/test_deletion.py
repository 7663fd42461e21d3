"""Deleting an account: asked for by its owner alone, and afterwards nobody can tell that it was there."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.config import Settings
from app.models import metadata
from testing.api import FIREFOX, PASSWORD, RunSql, SignedIn, StartApi, enable_totp, register, sign_in
from testing.authenticator import Authenticator
from testing.mail import Mailbox
from testing.passkeys import add_passkey, begin_registration
from testing.webhooks import Receiver, deliver_webhooks

OLD_EMAIL, NEW_EMAIL, PHRASE = "alice@example.com", "alice.moved@example.net", "Herons wear red boots"
PASSKEY = "The key on the blue ring"


@pytest.mark.asvs("7.5.1", "2.2.3")
@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_deletion_asks_for_everything(user_with_totp: SignedIn, api: TestClient, method: str) -> None:
    """Deletion needs confirmation, password and code; afterwards every token ends and the account is unknown."""
    user, right = user_with_totp, {"confirm": True, "current_password": PASSWORD}
    refused: list[tuple[dict[str, Any], str]] = [
        ({**right, "confirm": False}, "validation_error"),
        ({**right, "confirm": 1}, "validation_error"),
        ({"current_password": PASSWORD}, "validation_error"),
        ({**right, "current_password": "wrong password"}, "current_password_invalid"),
        (right, "totp_required"),
        ({**right, "totp": "000000"}, "totp_invalid"),
    ]
    for body, code in refused:
        assert user.call(method, "/user/delete", body).json()["code"] == code
    assert user.call(method, "/user/delete", {**right, "totp": user.code()}).status_code == 200

    assert user.get("/user/profile").status_code == 401
    assert user.refresh().status_code == 401
    unknown = api.post("/login", json={"email": "nobody@example.com", "password": PASSWORD})
    gone = api.post("/login", json={"email": user.person.email, "password": PASSWORD})
    assert gone.json() == unknown.json()


@pytest.mark.asvs("7.4.2", "10.3.3")
def test_whoever_takes_the_old_address_is_somebody_else(api: TestClient, user: SignedIn) -> None:
    """After deletion, old tokens never reach the next account of that address."""
    assert user.post("/user/delete", {"confirm": True, "current_password": PASSWORD}).status_code == 200
    register(api)

    assert user.get("/user/profile").json()["code"] == "session_ended"


def test_eight_deletions_at_once_end_well(start_api: StartApi) -> None:
    """Deleting twice at once neither fails nor leaves half an account."""
    server = start_api(workers=2)
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        user = sign_in(http, register(http))
        body = {"confirm": True, "current_password": PASSWORD}
        with ThreadPoolExecutor(8) as threads:
            statuses = sorted(threads.map(lambda _: user.post("/user/delete", body).status_code, range(8)))

        assert statuses[0] == 200
        assert set(statuses[1:]) <= {200, 401}
        assert http.post("/login", json={"email": user.person.email, "password": PASSWORD}).status_code == 400


def live(user: SignedIn, mailbox: Mailbox) -> list[str]:
    """Leave traces wherever there is a table, and return what would name the person in them."""
    http, body = user.http, {"username": "alice", "password": PASSWORD}
    enable_totp(user)
    passkey = add_passkey(user, Authenticator(), PASSKEY)["id"]
    begin_registration(user)
    assert http.post("/login", json={**body, "password": "wrong password"}).status_code == 400
    first = http.post("/login", json=body).json()
    assert http.post("/login", json={"login_token": first["login_token"], "totp": "000000"}).status_code == 400
    second = {"login_token": first["login_token"], "totp": user.code(), "trust_device": True}
    assert http.post("/login", json=second).status_code == 200
    change = {"new_email": NEW_EMAIL, "phrase": PHRASE, "current_password": PASSWORD}
    assert user.call("PUT", "/user/update", change).status_code == 200
    mailbox.empty()
    http.post("/password/reset", json={"email": NEW_EMAIL})
    sessions = [session["id"] for session in user.get("/user/sessions").json()]
    names = [user.person.user_id, OLD_EMAIL, NEW_EMAIL, '"alice"', PHRASE, FIREFOX, PASSKEY, passkey]
    return [*names, *sessions, *user.recovery_codes]


def read_tables(sql: RunSql) -> dict[str, str]:
    """Read every table that has rows, as one text each."""
    rows = {name: sql(f"SELECT * FROM {name}") for name in metadata.tables}  # noqa: S608 our own table names
    return {name: json.dumps([list(row) for row in found], default=repr) for name, found in rows.items() if found}


@pytest.fixture
def settings_changes(receiver: Receiver) -> dict[str, Any]:
    """Let webhooks wait for a receiver."""
    return receiver.settings


@pytest.mark.asvs("14.2.7", "14.2.4")
def test_no_table_knows_a_deleted_person(
    user: SignedIn, settings: Settings, sql: RunSql, mailbox: Mailbox, receiver: Receiver
) -> None:
    """After a whole life with all that it leaves in the tables, deletion takes every trace of it away.

    What stays names nobody: counters under keyed hashes, spent random ids, that some mail was sent, and what happened
    to a pseudonym.
    """
    names = live(user, mailbox)
    before = read_tables(sql)
    assert before.keys() >= metadata.tables.keys() - {"totp_enrolments", "schedules", "services"}
    assert [name for name in names[:9] if not any(name in text for text in before.values())] == []

    body = {"confirm": True, "current_password": PASSWORD, "totp": user.recovery_codes[0]}
    assert user.call("DELETE", "/user/delete", body).status_code == 200
    assert mailbox.kinds() == ["account_deleted"]
    assert (deliver_webhooks(settings), receiver.types) == (True, ["account.deleted"])

    after = read_tables(sql)
    assert after.keys() <= {"mails", "attempts", "used_tokens", "schedules", "events"}
    assert sql("SELECT kind, user_id, content FROM mails") == [("account_deleted", None, None)]
    assert len(sql("SELECT DISTINCT subject FROM events")) == 1
    assert sql("SELECT DISTINCT client_address, user_agent, sid, facts FROM events") == [("", "", None, None)]
    assert [(name, table) for table, text in after.items() for name in names if name in text] == []


def test_a_second_factor_being_set_up_goes_too(user: SignedIn, sql: RunSql) -> None:
    """A secret that was shown and never confirmed does not outlive its account."""
    assert user.post("/totp/enable/start").status_code == 200
    assert sql("SELECT COUNT(*) FROM totp_enrolments") == [(1,)]

    assert user.post("/user/delete", {"confirm": True, "current_password": PASSWORD}).status_code == 200
    assert sql("SELECT COUNT(*) FROM totp_enrolments") == [(0,)]
