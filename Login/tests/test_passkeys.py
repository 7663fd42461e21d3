"""The passkeys of an account: adding, listing, renaming and removing them, and the recovery codes that come along."""

from typing import Any

import pytest
from fido2.cose import ES256, RS256, EdDSA
from starlette.testclient import TestClient

from app.config import Settings
from app.resources import make_resources
from app.services.sweeping import sweep
from testing.api import MakeStale, RunSql, SignedIn, enable_totp, register, sign_in
from testing.authenticator import Authenticator
from testing.loops import finish
from testing.mail import Mailbox
from testing.passkeys import (
    add_passkey,
    begin_registration,
    finish_registration,
    log_in_by_passkey,
    take_first_step,
)

SMTP = {"smtp_host": "mail.example.com", "public_url": "https://accounts.example.com"}
LAST = "It was your last second factor"


@pytest.mark.asvs("6.3.3", "6.5.1")
@pytest.mark.parametrize("algorithm", [ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM])
def test_a_passkey_is_added_and_listed(user: SignedIn, algorithm: int) -> None:
    """With its name, where it was added, and whether it is synced; the list holds no key."""
    added = add_passkey(user, Authenticator(algorithm=algorithm), "  My phone 📱 ")
    [listed] = user.get("/passkeys").json()["passkeys"]
    codes, name = added.pop("recovery_codes"), added.pop("code_set")

    assert listed == added
    assert (len(codes), len(name)) == (10, 22)
    assert {name: listed[name] for name in ("name", "synced", "label", "client_address", "last_used_at")} == {
        "name": "My phone 📱",
        "synced": True,
        "label": "Firefox on Linux",
        "client_address": "127.0.0.1",
        "last_used_at": None,
    }


@pytest.mark.asvs("7.5.1", "6.7.1")
def test_adding_renaming_and_removing_want_a_fresh_session(
    user_with_passkey: SignedIn, phone: Authenticator, make_session_stale: MakeStale
) -> None:
    """A token that was stolen later changes no factor; a registration that began in time may be finished."""
    user = user_with_passkey
    began = begin_registration(user)
    [passkey] = user.get("/passkeys").json()["passkeys"]
    make_session_stale()
    refused = [
        user.post("/passkeys/registration"),
        user.call("PUT", f"/passkeys/{passkey['id']}", {"name": "Mine"}),
        user.call("DELETE", f"/passkeys/{passkey['id']}"),
    ]

    assert [answer.json()["code"] for answer in refused] == ["reauthentication_required"] * 3
    assert finish_registration(user, began, phone.create(began["options"])).status_code == 201


def test_a_passkey_is_renamed(user_with_passkey: SignedIn) -> None:
    """To what fits: 1 to 64 characters that can be seen."""
    user = user_with_passkey
    [passkey] = user.get("/passkeys").json()["passkeys"]
    path = f"/passkeys/{passkey['id']}"

    assert user.call("PUT", path, {"name": "Tablet"}).json() == {**passkey, "name": "Tablet"}
    assert [user.call("PUT", path, {"name": bad}).status_code for bad in ("", " ", "a" * 65, "a\u202eb", "a\nb")] == [
        422
    ] * 5
    assert user.call("PUT", "/passkeys/nothing", {"name": "x"}).json()["code"] == "passkey_not_found"


@pytest.mark.asvs("8.2.2")
def test_nobody_touches_another_ones_passkey(api: TestClient, user_with_passkey: SignedIn) -> None:
    """Its id opens nothing to others."""
    [passkey] = user_with_passkey.get("/passkeys").json()["passkeys"]
    other = sign_in(api, register(api, "bob"))

    assert other.get("/passkeys").json()["passkeys"] == []
    assert other.call("DELETE", f"/passkeys/{passkey['id']}").status_code == 404
    assert other.call("PUT", f"/passkeys/{passkey['id']}", {"name": "x"}).status_code == 404
    assert [one["name"] for one in user_with_passkey.get("/passkeys").json()["passkeys"]] == ["My phone"]


@pytest.mark.asvs("6.7.2")
def test_a_ceremony_is_good_once_and_for_its_session_alone(
    api: TestClient, user: SignedIn, other_device: SignedIn, phone: Authenticator, sql: RunSql
) -> None:
    """Not again, not elsewhere, not later, not from a clock that was ahead, and not for signing in."""
    used, mine, late, ahead, other = (begin_registration(user) for _ in range(5))
    add = finish_registration
    assert add(user, used, phone.create(used["options"])).status_code == 201
    again = add(user, used, phone.create(used["options"]))
    elsewhere = add(other_device, mine, phone.create(mine["options"]))
    assert add(user, mine, phone.create(mine["options"])).status_code == 201
    login = api.post("/login/passkey", json={"ceremony": other["ceremony"], "credential": _answer(phone, other)})
    sql("UPDATE ceremonies SET expires_at = '2020-01-01 00:00:00'")
    expired = add(user, late, phone.create(late["options"]))
    sql("UPDATE ceremonies SET expires_at = '2999-01-01 00:00:00'")
    void = add(user, ahead, phone.create(ahead["options"]))

    assert [one.json()["code"] for one in (again, elsewhere, login, expired, void)] == ["ceremony_invalid"] * 5


def _answer(phone: Authenticator, began: Any) -> Any:
    return phone.get({"rpId": "localhost", "challenge": began["options"]["challenge"]})


def test_a_refused_registration_uses_its_ceremony_up(user: SignedIn, phone: Authenticator) -> None:
    """Nobody tries again and again at one challenge; what is wrong is for the log, not for the caller."""
    began = begin_registration(user)
    refused = finish_registration(user, began, phone.create(began["options"], origin="https://evil.example"))
    again = finish_registration(user, began, phone.create(began["options"]))

    assert (refused.status_code, refused.json()["code"]) == (400, "passkey_invalid")
    assert again.json()["code"] == "ceremony_invalid"
    assert user.get("/passkeys").json()["passkeys"] == []


def test_no_credential_is_registered_twice(api: TestClient, user_with_passkey: SignedIn, phone: Authenticator) -> None:
    """Not for the same account, and not for another: the id says whose it is."""
    taken = phone.credentials[0].id
    bob = sign_in(api, register(api, "bob"))
    for user in (user_with_passkey, bob):
        began = begin_registration(user)
        answer = finish_registration(user, began, phone.create(began["options"], id=taken))
        assert (answer.status_code, answer.json()["code"]) == (409, "passkey_already_registered")

    assert bob.get("/user/account").json()["passkeys"] == 0


def test_twenty_are_enough(user: SignedIn, sql: RunSql) -> None:
    """The next is refused at the start, and at the finish when a rival took the last place."""
    devices = [Authenticator() for _ in range(21)]
    for device in devices[:19]:
        add_passkey(user, device)
    began = begin_registration(user)
    add_passkey(user, devices[19])

    assert finish_registration(user, began, devices[20].create(began["options"])).json()["code"] == "passkey_limit"
    assert user.post("/passkeys/registration").json()["code"] == "passkey_limit"
    assert sql("SELECT passkey_count FROM users") == [(20,)]


@pytest.mark.asvs("6.5.1", "6.5.2")
def test_recovery_codes_come_with_the_first_factor_of_either_kind(user: SignedIn, phone: Authenticator) -> None:
    """The second of whichever kind leaves them alone, and so does the end of one while the other stays."""
    codes = add_passkey(user, phone)["recovery_codes"]
    secret = user.post("/totp/enable/start").json()["secret"]
    user.secret = secret
    second = user.post("/totp/enable/confirm", {"secret": secret, "code": user.code(-1)})
    user.post("/totp/disable")
    left = user.get("/totp/status").json()

    assert (len(codes), second.json()["recovery_codes"]) == (10, [])
    assert left == {"enabled": False, "recovery_codes_left": 10, "recovery_codes_saved": False}
    assert add_passkey(user, Authenticator())["recovery_codes"] == []
    assert len(user.post("/totp/recovery-codes").json()["recovery_codes"]) == 10


def test_with_the_last_factor_the_codes_go(user: SignedIn, phone: Authenticator) -> None:
    """Then the password alone signs in, and the answer says so."""
    add_passkey(user, phone)
    enable_totp(user)
    [passkey] = user.get("/passkeys").json()["passkeys"]
    first = user.call("DELETE", f"/passkeys/{passkey['id']}").json()["message"]
    assert user.get("/totp/status").json() == {
        "enabled": True,
        "recovery_codes_left": 10,
        "recovery_codes_saved": False,
    }
    user.post("/totp/disable")
    add_passkey(user, phone)
    [passkey] = user.get("/passkeys").json()["passkeys"]
    last = user.call("DELETE", f"/passkeys/{passkey['id']}").json()["message"]

    assert LAST not in first
    assert LAST in last
    assert user.get("/totp/status").json() == {"enabled": False, "recovery_codes_left": 0, "recovery_codes_saved": True}
    sign_in(user.http, user.person)


def test_the_first_factor_makes_other_sessions_stale(
    user: SignedIn, other_device: SignedIn, phone: Authenticator
) -> None:
    """Theirs was a proof by the password alone: it removes no factor."""
    passkey = add_passkey(user, phone)
    answer = other_device.call("DELETE", f"/passkeys/{passkey['id']}")

    assert answer.json()["code"] == "reauthentication_required"


@pytest.mark.parametrize("settings_changes", [SMTP])
def test_no_passkey_stands_beside_an_unproved_address(user: SignedIn) -> None:
    """It would shut out whoever reads that mailbox; as for an authenticator app."""
    answer = user.post("/passkeys/registration")

    assert (answer.status_code, answer.json()["code"]) == (403, "email_confirmation_required")


def test_the_owner_hears_of_each_change(user_with_passkey: SignedIn, mailbox: Mailbox) -> None:
    """Adding and removing are told; a name that a thief may have chosen stands in no mail."""
    user = user_with_passkey
    [passkey] = user.get("/passkeys").json()["passkeys"]
    user.call("DELETE", f"/passkeys/{passkey['id']}")

    assert mailbox.kinds(user.person.email)[-2:] == ["passkey_added", "passkey_removed"]


@pytest.mark.asvs("14.2.7")
def test_the_account_takes_its_passkeys_along(user_with_passkey: SignedIn, sql: RunSql) -> None:
    """Nothing stays of them, and the credential is unknown then."""
    user = user_with_passkey
    begin_registration(user)
    answer = user.post(
        "/user/delete",
        {"confirm": True, "current_password": user.person.password, "totp": user.recovery_codes[0]},
    )

    assert answer.status_code == 200
    assert sql("SELECT (SELECT COUNT(*) FROM passkeys), (SELECT COUNT(*) FROM ceremonies)") == [(0, 0)]


def test_a_removed_passkey_signs_nobody_in(api: TestClient, user_with_passkey: SignedIn, phone: Authenticator) -> None:
    """The browser may be told that it is unknown."""
    [passkey] = user_with_passkey.get("/passkeys").json()["passkeys"]
    user_with_passkey.call("DELETE", f"/passkeys/{passkey['id']}")
    answer = log_in_by_passkey(api, phone)

    assert (answer.status_code, answer.json()["code"]) == (400, "passkey_unknown")


def test_what_the_password_alone_may_no_more(api: TestClient, user_with_passkey: SignedIn) -> None:
    """A first step gets no tokens, but what the account can show."""
    refusal = take_first_step(user_with_passkey, api)

    assert (refusal["code"], refusal["factors"]) == ("second_factor_required", ["passkey", "recovery_code"])
    assert "access_token" not in refusal


DOMAIN = {"public_url": "https://accounts.example.com", "passkey_origins": ["https://www.accounts.example.com"]}


@pytest.mark.asvs("6.7.2")
@pytest.mark.parametrize("settings_changes", [DOMAIN])
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://accounts.example.com", 201),
        ("https://www.accounts.example.com", 201),
        ("https://evil.accounts.example.com", 400),
        ("http://accounts.example.com", 400),
        ("http://localhost:5000", 400),
    ],
)
def test_the_settings_say_whose_pages_may_use_them(user: SignedIn, origin: str, status: int) -> None:
    """The origin of PUBLIC_URL and PASSKEY_ORIGINS, and never what a Host header says."""
    answer = user.http.post(
        "/passkeys/registration",
        headers={"Authorization": f"Bearer {user.access_token}", "Host": "evil.accounts.example.com"},
    )
    began = answer.json()

    assert began["options"]["rp"]["id"] == "accounts.example.com"
    credential = Authenticator(origin=origin).create(began["options"])
    assert finish_registration(user, began, credential).status_code == status


@pytest.mark.parametrize("settings_changes", [{**SMTP, "email_change_requires_verification": False}])
def test_an_account_with_a_passkey_moves_to_proved_addresses_only(user: SignedIn, sql: RunSql) -> None:
    """Whatever the setting says: a factor never stands beside an address that nobody confirmed."""
    sql("UPDATE users SET email_verified_at = created_at")
    add_passkey(user, Authenticator(origin=SMTP["public_url"]))
    answer = user.update(new_email="elsewhere@example.com")

    assert answer.json()["message"].startswith("Open the link in the mail to your new address")
    assert user.get("/user/profile").json()["email"] == user.person.email


@pytest.mark.asvs("6.3.1")
def test_challenges_for_nobody_in_particular_are_limited_and_swept(
    api: TestClient, sql: RunSql, settings: Settings
) -> None:
    """Sixty a minute from one address, each a row of five minutes."""
    answers = [api.post("/login/passkey/start", json={}) for _ in range(61)]
    sql("UPDATE ceremonies SET expires_at = '2020-01-01 00:00:00'")
    resources = make_resources(settings)
    gone = finish(sweep(resources))
    resources.close()

    assert [one.status_code for one in answers] == [200] * 60 + [429]
    assert gone["ceremonies"] == 60
