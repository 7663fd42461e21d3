"""Trusted devices: the code is spared at a sign-in there, nowhere else, and not past any change of what guards it."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from app.config import Settings
from app.crud.accounts import find_credentials
from app.crud.trusted_devices import DEVICES_MAX
from app.errors import TotpRequired
from app.resources import make_resources
from app.services.proofs import spend_proof
from app.services.trusted_devices import prove_device
from testing.api import PASSWORD, LetPass, RunSql, SignedIn, enable_totp, register, sign_in
from testing.authenticator import Authenticator
from testing.loops import finish
from testing.mail import Mailbox
from testing.passkeys import add_passkey, begin_login, finish_login, take_first_step
from testing.statements import noting_statements

# Ended; from a clock that was ahead; longer than the setting lets any live.
AGES = [(2020, 2021), (2050, 2051), (2020, 2050)]
TRUSTED = "/user/trusted-devices"


def trust(user: SignedIn) -> str:
    """Sign in with a code, let the device be trusted, and return its token."""
    answer = user.http.post("/login", json={**take_names(user), "totp": user.code(), "trust_device": True})
    assert answer.status_code == httpx2.codes.OK, answer.text
    return str(answer.json()["device_token"])


def take_names(user: SignedIn) -> dict[str, str]:
    """Return what the first step of a sign-in takes."""
    return {"email": user.person.email, "password": user.person.password}


def try_device(user: SignedIn, token: str, **more: object) -> httpx2.Response:
    """Sign in by the password on a device that has this token."""
    answer: httpx2.Response = user.http.post("/login", json={**take_names(user), "device_token": token, **more})
    return answer


def sign_in_there(user: SignedIn, token: str) -> SignedIn:
    """Begin a session on a trusted device."""
    pair = try_device(user, token).json()
    return SignedIn(user.http, user.person, pair["access_token"], pair["refresh_token"], user.secret)


@pytest.mark.asvs("6.3.3")
def test_a_trusted_device_is_asked_for_the_password_alone(user_with_totp: SignedIn, mailbox: Mailbox) -> None:
    """As often as it signs in, and told once; what it is given is no answer to anything else."""
    user = user_with_totp
    plain = user.http.post("/login", json={**take_names(user), "totp": user.recovery_codes[0], "trust_device": True})
    token = trust(user)
    answers = [try_device(user, token), try_device(user, token, trust_device=True)]
    (device,) = user.get(TRUSTED).json()

    assert set(plain.json()) == {"access_token", "refresh_token", "token_type"}  # a recovery code makes none
    assert [set(answer.json()) for answer in answers] == [set(plain.json())] * 2
    assert (device["label"], device["client_address"]) == ("Firefox on Linux", "127.0.0.1")
    assert device["created_at"] < device["last_used_at"] < device["expires_at"]
    assert [mail["Subject"] for mail in mailbox.read()].count("A device signs in without your second factor") == 1
    assert try_device(user, token, password="not the password").json()["code"] == "invalid_credentials"


@pytest.mark.asvs("7.5.1", "7.5.3")
def test_what_was_spared_is_not_claimed(user_with_totp: SignedIn) -> None:
    """Tokens say that there was a password and no more; all that wants a fresh session, or a factor, still asks."""
    user = user_with_totp
    there = sign_in_there(user, trust(user))
    account = there.get("/user/account").json()
    half = {"current_password": PASSWORD}
    asked = [
        there.post("/totp/disable"),
        there.post("/totp/disable", half),
        there.post("/totp/recovery-codes", half),
        there.post("/reauthenticate", half),
        there.post("/passkeys/registration"),
        there.call("PUT", "/user/update", {**half, "new_password": "a quite different one"}),
        there.call("DELETE", f"{TRUSTED}/{there.get(TRUSTED).json()[0]['id']}"),
        there.post("/user/delete", {**half, "confirm": True}),
    ]
    (began,) = there.get("/user/events?kind=session.started&limit=1").json()["events"]

    assert account["amr"] == began["amr"] == ["pwd"]
    assert began["facts"] == {"device": there.get(TRUSTED).json()[0]["id"]}
    wanted = {"reauthentication_required", "totp_required"}
    assert [answer.json()["code"] for answer in asked if answer.json()["code"] not in wanted] == []
    assert there.get(TRUSTED).json() != []


def test_a_passkey_after_the_password_makes_a_device_trusted_too(
    user_with_passkey: SignedIn, phone: Authenticator
) -> None:
    """As the code does that it stands in for; alone it needs no device's help, and makes none trusted."""
    user, http = user_with_passkey, user_with_passkey.http
    step = take_first_step(user, http)
    began = begin_login(http, step["login_token"])
    tick = {"login_token": step["login_token"], "trust_device": True}
    answer = finish_login(http, began, phone.get(began["options"]), **tick)
    began = begin_login(http)
    alone = finish_login(http, began, phone.get(began["options"]), trust_device=True)

    assert (step["trust_seconds"], answer.json()["device_token_expires_in"]) == (2592000, 2592000)
    assert sign_in_there(user, answer.json()["device_token"]).get("/user/account").json()["amr"] == ["pwd"]
    assert "device_token" not in alone.json()


@pytest.mark.asvs("6.3.3", "6.3.8")
def test_any_other_token_is_as_good_as_none(user_with_totp: SignedIn, sql: RunSql, let_codes_pass: LetPass) -> None:
    """Made up, another account's, ended, from a clock that was ahead: the code is asked for in the same words."""
    mine = trust(user_with_totp)
    let_codes_pass()
    bob = enable_totp(sign_in(user_with_totp.http, register(user_with_totp.http, "bob")))
    plain = take_first_step(user_with_totp, user_with_totp.http)
    refused = [try_device(user_with_totp, token) for token in (trust(bob), "x" * 43, "", "🔑", mine + "=")]
    assert try_device(user_with_totp, mine).status_code == 200
    sql("UPDATE users SET password_changed_at = '2049-01-01 00:00:00'")  # by an API that knows of no devices
    refused.append(try_device(user_with_totp, mine))
    sql("UPDATE users SET password_changed_at = '2020-01-01 00:00:00'")
    for years in AGES:
        begin, end = (f"{year}-01-01 00:00:00" for year in years)
        sql("UPDATE trusted_devices SET created_at = :begin, expires_at = :end", begin=begin, end=end)
        refused.append(try_device(user_with_totp, mine))
        assert user_with_totp.get(TRUSTED).json() == []

    for answer in refused:
        assert {**answer.json(), "login_token": ""} == {**plain, "login_token": ""}


@pytest.mark.asvs("7.4.3")
def test_trust_ends_with_what_it_was_given_for(
    user_with_totp: SignedIn, phone: Authenticator, mailbox: Mailbox, let_codes_pass: LetPass
) -> None:
    """Other factors, a new password, "this was not me", "sign out everywhere else": every device asks again."""
    user = user_with_totp

    def disown() -> Any:
        answer = user.http.post(
            "/account/disown", json={"token": mailbox.token("/account/disown", kind="device_trusted")}
        )
        pair = user.http.post("/login", json={**take_names(user), "totp": user.recovery_codes.pop()}).json()
        user.access_token = pair["access_token"]
        return answer

    def change_password() -> Any:
        answer = user.update(new_password="a quite different one")
        user.person.password = "a quite different one"
        return answer

    acts: list[Callable[[], Any]] = [
        disown,
        lambda: add_passkey(user, phone),
        lambda: user.call("DELETE", f"/passkeys/{user.get('/passkeys').json()['passkeys'][0]['id']}"),
        lambda: user.call("DELETE", "/user/sessions"),
        change_password,
        lambda: user.post("/totp/recovery-codes"),
    ]
    for act in acts:
        let_codes_pass()
        token = trust(user)
        assert try_device(user, token).status_code == 200
        act()
        assert try_device(user, token).json()["code"] == "totp_required", act
        assert user.get(TRUSTED).json() == []


def test_one_device_is_removed_and_the_other_stays(user_with_totp: SignedIn, let_codes_pass: LetPass) -> None:
    """By its own id, once, and by its owner; the history has both."""
    user, tokens = user_with_totp, []
    for _ in range(2):
        let_codes_pass()
        tokens.append(trust(user))
    newest = user.get(TRUSTED).json()[0]["id"]
    bob = sign_in(user.http, register(user.http, "bob"))
    statuses = [
        one.call("DELETE", f"{TRUSTED}/{of}").status_code
        for one, of in ((bob, newest), (user, "none"), (user, newest), (user, newest))
    ]
    kinds = [event["kind"] for event in user.get("/user/events?kind=device").json()["events"]]

    assert statuses == [404, 404, 200, 404]
    assert [try_device(user, token).status_code for token in tokens] == [200, 400]
    assert kinds == ["device.untrusted", "device.trusted", "device.trusted"]


@pytest.mark.asvs("15.4.2")
def test_a_device_removed_while_it_signs_in_is_asked_for_the_code(user_with_totp: SignedIn, settings: Settings) -> None:
    """What was found is looked at again in the transaction that begins the session."""
    token, resources = trust(user_with_totp), make_resources(settings)

    async def sign_in_too_late() -> None:
        account = await resources.database.read(find_credentials, {"public_id": user_with_totp.person.user_id})
        assert account is not None
        proof = await prove_device(resources, account, SecretStr(token))
        assert proof is not None
        user_with_totp.post("/totp/recovery-codes")
        with pytest.raises(TotpRequired):
            await resources.database.transaction(spend_proof, proof)

    finish(sign_in_too_late())
    resources.close()


def test_twenty_devices_are_enough(user_with_totp: SignedIn, sql: RunSql, let_codes_pass: LetPass) -> None:
    """Nobody looks through more; the oldest makes room."""
    user = user_with_totp
    first = trust(user)
    for _ in range(DEVICES_MAX):
        let_codes_pass()
        trust(user)

    assert sql("SELECT COUNT(*) FROM trusted_devices") == [(DEVICES_MAX,)]
    assert try_device(user, first).status_code == 400


@pytest.mark.parametrize("settings_changes", [{"trusted_device_days": "0"}])
def test_an_operator_switches_it_off(user_with_totp: SignedIn, sql: RunSql) -> None:
    """Then no device becomes trusted, and none that was is."""
    user = user_with_totp
    step = take_first_step(user, user.http)
    answer = user.http.post(
        "/login", json={"login_token": step["login_token"], "totp": user.code(), "trust_device": True}
    )

    assert step["trust_seconds"] == 0
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type"}
    assert sql("SELECT COUNT(*) FROM trusted_devices") == [(0,)]
    assert try_device(user, "x" * 43).json()["code"] == "totp_required"
    assert user.get(TRUSTED).json() == []


@pytest.mark.parametrize("settings_changes", [{"sql_echo": True}])
def test_only_a_device_token_costs_a_query(user_with_totp: SignedIn, let_codes_pass: LetPass) -> None:
    """One to find it and one to use it up; a sign-in without it asks the database what it asked before."""
    user = user_with_totp
    token = trust(user)
    sent = []
    for body in ({"totp": user.recovery_codes[0]}, {"device_token": token}):
        let_codes_pass()
        with noting_statements() as statements:
            assert user.http.post("/login", json={**take_names(user), **body}).status_code == 200
        sent.append([text for text in statements if "trusted_devices" in text])

    assert [len(texts) for texts in sent] == [0, 2]
