"""Signing in with passkeys: alone, where they are both factors, and as the second one after the password."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from testing.api import RunSql, SignedIn, StartApi, enable_totp, register, sign_in
from testing.authenticator import UP, UV, Authenticator, Json
from testing.mail import Mailbox
from testing.passkeys import (
    add_passkey,
    begin_login,
    finish_login,
    log_in_by_passkey,
    prove_by_passkey,
    take_first_step,
)


def read_amr(access_token: str) -> list[str]:
    """Read how somebody signed in, from the token's claims."""
    payload = access_token.split(".")[1]
    claims: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return list(claims["amr"])


@pytest.mark.asvs("6.3.3", "6.7.1")
@pytest.mark.parametrize(("synced", "kind"), [(True, "swk"), (False, "hwk")])
def test_a_passkey_alone_signs_in(api: TestClient, user: SignedIn, synced: bool, kind: str) -> None:
    """No username, no password, no code: it verified its owner. The token tells how, also once it is refreshed."""
    device = Authenticator(synced=synced)
    add_passkey(user, device)
    enable_totp(user)
    answer = log_in_by_passkey(api, device)
    somebody = SignedIn(api, user.person, answer.json()["access_token"], answer.json()["refresh_token"])

    assert (answer.status_code, answer.json()["token_type"]) == (200, "bearer")
    assert somebody.get("/user/profile").json()["email"] == user.person.email
    somebody.refresh()
    assert read_amr(somebody.access_token) == [kind]
    assert somebody.get("/passkeys").json()["passkeys"][0]["last_used_at"] is not None


def test_the_challenge_of_a_sign_in_names_nobody(api: TestClient, user_with_passkey: SignedIn) -> None:
    """It lists no keys, and wants the person verified; after the password it lists the account's."""
    alone = begin_login(api)["options"]
    second = begin_login(api, take_first_step(user_with_passkey, api)["login_token"])["options"]

    assert "allowCredentials" not in alone
    assert (alone["userVerification"], second["userVerification"]) == ("required", "discouraged")
    assert [one["id"] for one in second["allowCredentials"]] == [
        one["credential_id"] for one in user_with_passkey.get("/passkeys").json()["passkeys"]
    ]


@pytest.mark.asvs("6.3.3")
def test_a_key_that_verifies_nobody_is_a_second_factor(
    api: TestClient, user: SignedIn, security_key: Authenticator
) -> None:
    """With the password it signs in, alone it does not."""
    add_passkey(user, security_key)
    token = take_first_step(user, api)["login_token"]
    began = begin_login(api, token)
    answer = finish_login(api, began, security_key.get(began["options"]), login_token=token)

    assert answer.status_code == 200, answer.text
    assert read_amr(answer.json()["access_token"]) == ["pwd", "hwk"]
    assert log_in_by_passkey(api, security_key).json()["code"] == "passkey_invalid"


def test_beside_a_code_either_will_do(api: TestClient, user: SignedIn, phone: Authenticator) -> None:
    """The seed's code stays, and says what else there is."""
    add_passkey(user, phone)
    enable_totp(user)
    first = take_first_step(user, api)
    began = begin_login(api, first["login_token"])

    assert (first["code"], first["factors"]) == ("totp_required", ["totp", "passkey", "recovery_code"])
    assert finish_login(api, began, phone.get(began["options"]), login_token=first["login_token"]).status_code == 200
    assert read_amr(sign_in(api, user.person, totp=user.code()).access_token) == ["pwd", "otp"]


def test_recovery_codes_stand_in_for_passkeys_too(api: TestClient, user_with_passkey: SignedIn) -> None:
    """In the field that they always had; a code of an app that is not there is wrong."""
    user = user_with_passkey
    token = take_first_step(user, api)["login_token"]
    wrong = api.post("/login", json={"login_token": token, "totp": "123456"})
    right = api.post("/login", json={"login_token": token, "totp": user.recovery_codes[0]})

    assert wrong.json()["code"] == "totp_invalid"
    assert read_amr(right.json()["access_token"]) == ["pwd", "rc"]


@pytest.mark.asvs("6.7.2", "6.5.1")
@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"flags": UP},
        {"flags": UV},
        {"signature": b"0"},
        {"challenge": "AAAA"},
        {"user_handle": "somebody-else"},
        {"type": "webauthn.create"},
    ],
    ids=str,
)
def test_a_wrong_answer_signs_nobody_in(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator, wrong: Json
) -> None:
    """Whatever is wrong with it: one refusal, and the challenge is used up."""
    began = begin_login(api)
    answer = finish_login(api, began, phone.get(began["options"], **wrong))
    again = finish_login(api, began, phone.get(began["options"]))

    assert (answer.status_code, answer.json()["code"]) == (400, "passkey_invalid")
    assert again.json()["code"] == "ceremony_invalid"


@pytest.mark.asvs("6.7.2")
def test_a_challenge_belongs_to_its_login_step(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator
) -> None:
    """Not to another step, nor to a sign-in alone, nor to a session; and a replayed answer is worth nothing."""
    first, second = (take_first_step(user_with_passkey, api)["login_token"] for _ in range(2))
    began = begin_login(api, first)
    other_step = finish_login(api, began, phone.get(began["options"]), login_token=second)
    alone = finish_login(api, began, phone.get(began["options"]))
    anonymous = begin_login(api)
    swapped = finish_login(api, anonymous, phone.get(anonymous["options"]), login_token=first)
    proof = prove_by_passkey(user_with_passkey, phone)
    of_session = api.post("/login/passkey", json=proof)
    answer = phone.get(began["options"])
    done = finish_login(api, began, answer, login_token=first)
    replayed = finish_login(api, began, answer, login_token=first)

    refused = (other_step, alone, swapped, of_session, replayed)
    assert [one.json()["code"] for one in refused] == ["ceremony_invalid"] * 5
    assert done.status_code == 200


def test_a_login_token_is_good_for_one_sign_in(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator
) -> None:
    """However many challenges were asked for with it."""
    token = take_first_step(user_with_passkey, api)["login_token"]
    first, second = begin_login(api, token), begin_login(api, token)
    done = finish_login(api, first, phone.get(first["options"]), login_token=token)
    again = finish_login(api, second, phone.get(second["options"]), login_token=token)

    assert done.status_code == 200
    assert again.json()["code"] == "login_token_invalid"


@pytest.mark.asvs("6.3.3")
def test_a_passkey_of_another_account_is_no_second_factor(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator
) -> None:
    """Though it is a good one."""
    thief = Authenticator()
    add_passkey(sign_in(api, register(api, "mallory")), thief)
    token = take_first_step(user_with_passkey, api)["login_token"]
    began = begin_login(api, token)
    credential = thief.get({**began["options"], "allowCredentials": [{"id": _name(thief)}]})
    answer = finish_login(api, began, credential, login_token=token)

    assert (answer.status_code, answer.json()["code"]) == (400, "passkey_unknown")


def _name(device: Authenticator) -> str:
    return base64.urlsafe_b64encode(device.credentials[0].id).rstrip(b"=").decode()


def test_a_passkey_removed_between_the_steps_is_unknown(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator
) -> None:
    """Between password and start, and between start and finish."""
    user = user_with_passkey
    add_passkey(user, Authenticator())
    token = take_first_step(user, api)["login_token"]
    began, alone = begin_login(api, token), begin_login(api)
    for passkey in user.get("/passkeys").json()["passkeys"]:
        user.call("DELETE", f"/passkeys/{passkey['id']}")
    second = finish_login(api, began, phone.get(began["options"]), login_token=token)
    first = finish_login(api, alone, phone.get(alone["options"]))
    start = api.post("/login/passkey/start", json={"login_token": token})

    assert [one.json()["code"] for one in (second, first, start)] == ["passkey_unknown"] * 3


@pytest.mark.asvs("6.5.1")
def test_a_counter_that_runs_backwards_is_told_and_locks_nobody_out(
    api: TestClient, user: SignedIn, mailbox: Mailbox
) -> None:
    """There may be a copy of the key: the owner hears of it and decides."""
    device = Authenticator(synced=False, counts=True)
    add_passkey(user, device)
    assert log_in_by_passkey(api, device).status_code == 200
    assert log_in_by_passkey(api, device).status_code == 200
    assert "passkey_counter" not in mailbox.kinds(user.person.email)
    device.credentials[0].sign_count = 0
    answer = log_in_by_passkey(api, device)

    assert answer.status_code == 200
    assert mailbox.kinds(user.person.email)[-1] == "passkey_counter"


def test_a_disabled_account_is_told_so_once_its_passkey_was_right(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator, sql: RunSql
) -> None:
    """And to nobody else."""
    sql("UPDATE users SET disabled_at = created_at")

    assert log_in_by_passkey(api, phone).json()["code"] == "account_disabled"
    assert log_in_by_passkey(api, phone, signature=b"no").json()["code"] == "passkey_invalid"


@pytest.mark.asvs("6.3.1")
def test_wrong_answers_wait_as_wrong_codes_do(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator
) -> None:
    """Five in five minutes, and then even a right one; the password and its codes have counters of their own."""
    codes = [log_in_by_passkey(api, phone, signature=b"no").json()["code"] for _ in range(6)]
    late = log_in_by_passkey(api, phone)
    user = user_with_passkey
    token = take_first_step(user, api)["login_token"]

    assert codes == ["passkey_invalid"] * 5 + ["too_many_attempts"]
    assert (late.status_code, int(late.headers["Retry-After"]) > 0) == (429, True)
    assert api.post("/login", json={"login_token": token, "totp": user.recovery_codes[0]}).status_code == 200


@pytest.mark.asvs("6.3.1", "6.1.1")
def test_a_strangers_wrong_answers_keep_no_owner_out(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator
) -> None:
    """Without a password anybody may try who once saw the credential's id: they are counted where they are."""
    began = [begin_login(api) for _ in range(6)]
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    bodies = [
        {"ceremony": each["ceremony"], "credential": phone.get(each["options"], signature=b"no")} for each in began
    ]
    codes = [api.post("/login/passkey", json=body, headers=elsewhere).json()["code"] for body in bodies]

    assert codes[-1] == "too_many_attempts"
    assert log_in_by_passkey(api, phone).status_code == 200


def test_whoever_fails_after_the_right_password_is_told_of(
    api: TestClient, user_with_passkey: SignedIn, phone: Authenticator, mailbox: Mailbox
) -> None:
    """Somebody knows the password: the owner should hear of it (ASVS 6.3.5)."""
    for _ in range(3):
        token = take_first_step(user_with_passkey, api)["login_token"]
        began = begin_login(api, token)
        finish_login(api, began, phone.get(began["options"], signature=b"no"), login_token=token)

    assert mailbox.kinds(user_with_passkey.person.email)[-1] == "wrong_codes"


@pytest.mark.parametrize("settings_changes", [{"require_verified_email": True}])
def test_an_unconfirmed_address_signs_in_by_no_passkey_either(
    api: TestClient, sql: RunSql, phone: Authenticator
) -> None:
    """Where the settings ask for a confirmed one."""
    person = register(api)
    sql("UPDATE users SET email_verified_at = created_at")
    add_passkey(sign_in(api, person), phone)
    sql("UPDATE users SET email_verified_at = NULL")

    assert log_in_by_passkey(api, phone).json()["code"] == "email_unverified"


@pytest.mark.asvs("2.3.4", "6.7.2")
def test_one_challenge_is_answered_once_and_many_at_once(
    start_api: StartApi, user: SignedIn, phone: Authenticator
) -> None:
    """Of eight equal answers at once one signs in; eight to challenges of their own all do."""
    add_passkey(user, phone)
    url = start_api(workers=2).url
    with httpx2.Client(base_url=url, timeout=30) as http, ThreadPoolExecutor(8) as pool:
        one = begin_login(http)
        answer = phone.get(one["options"])
        equal = list(pool.map(lambda _: finish_login(http, one, answer), range(8)))
        own = [begin_login(http) for _ in range(8)]
        answers = [(began, phone.get(began["options"])) for began in own]
        many = list(pool.map(lambda pair: finish_login(http, *pair), answers))

    assert sorted(each.status_code for each in equal) == [200] + [400] * 7
    assert [each.status_code for each in many] == [200] * 8


def test_reauthentication_by_a_passkey_alone(user_with_passkey: SignedIn, phone: Authenticator, sql: RunSql) -> None:
    """It makes a fresh session, whose token says so; the old one is dead."""
    user = user_with_passkey
    sql("UPDATE sessions SET authenticated_at = '2020-01-01 00:00:00'")
    answer = user.post("/reauthenticate/passkey", prove_by_passkey(user, phone))

    assert answer.status_code == 200, answer.text
    assert user.get("/user/profile").status_code == 401
    assert read_amr(answer.json()["access_token"]) == ["swk"]
    user.access_token = answer.json()["access_token"]
    assert user.post("/passkeys/registration").status_code == 200


def test_a_key_that_verifies_nobody_goes_with_the_password(user: SignedIn, security_key: Authenticator) -> None:
    """Alone it is one factor, and not enough."""
    add_passkey(user, security_key)
    alone = user.post("/reauthenticate/passkey", prove_by_passkey(user, security_key))
    without = user.post("/reauthenticate", {"current_password": user.person.password})
    both = user.reauthenticate(**prove_by_passkey(user, security_key, with_password=True))

    assert (alone.json()["code"], without.json()["code"]) == ("passkey_invalid", "second_factor_required")
    assert both.status_code == 200, both.text
    assert read_amr(user.access_token) == ["pwd", "hwk"]


def test_a_challenge_belongs_to_its_session(api: TestClient, user_with_passkey: SignedIn, phone: Authenticator) -> None:
    """A thief's session answers none of the owner's."""
    other = SignedIn(api, user_with_passkey.person, *_tokens(log_in_by_passkey(api, phone)))
    proof = prove_by_passkey(user_with_passkey, phone)

    assert other.post("/reauthenticate/passkey", proof).json()["code"] == "ceremony_invalid"
    assert user_with_passkey.post("/reauthenticate/passkey", proof).status_code == 200


def _tokens(answer: Any) -> tuple[str, str]:
    return answer.json()["access_token"], answer.json()["refresh_token"]


def test_without_a_passkey_there_is_nothing_to_prove_with(user: SignedIn) -> None:
    """Said at the start."""
    assert user.post("/reauthenticate/passkey/start", {}).json()["code"] == "passkey_not_set_up"
