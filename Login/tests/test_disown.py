"""The words "this was not me": the link in every notice, for people who cannot or dare not sign in."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.api import PASSWORD, Person, RunSql, SignedIn, register, sign_in
from testing.mail import Mailbox

NEW_PASSWORD = "a quite different one"
PAGE, RESET = "/account/disown", "/password/reset"


@pytest.fixture
def alice(api: TestClient, mailbox: Mailbox) -> Person:
    """Give somebody whose address is confirmed: else it holds no way back, and no authority."""
    person = register(api)
    mailbox.confirm(api, person)
    return person


def disown(api: Any, token: str) -> Any:
    """Say so, by a link's token."""
    return api.post("/account/disown", json={"token": token})


def reset(api: Any, token: str) -> Any:
    """Choose a new password by a link's token."""
    return api.post("/password/reset/confirm", json={"token": token, "new_password": NEW_PASSWORD})


@pytest.fixture
def notified(user_with_totp: SignedIn, mailbox: Mailbox) -> SignedIn:
    """Give somebody who has just been told that a second factor was switched on."""
    assert mailbox.kinds(user_with_totp.person.email)[-1] == "totp_enabled"
    return user_with_totp


def test_one_post_signs_everybody_out_and_starts_a_reset(api: TestClient, notified: SignedIn, mailbox: Mailbox) -> None:
    """Without signing in: sessions end, and the mailbox gets a way to a new password."""
    other_device = sign_in(api, notified.person, totp=notified.code())
    answer = disown(api, mailbox.token(PAGE, notified.person.email))

    assert (answer.status_code, list(answer.json())) == (200, ["message"])
    assert [one.get("/user/profile").status_code for one in (notified, other_device)] == [401, 401]
    assert reset(api, mailbox.token(RESET, notified.person.email)).status_code == 200


def test_an_older_second_factor_is_never_skipped(api: TestClient, notified: SignedIn, mailbox: Mailbox) -> None:
    """A mailbox alone must not be enough: only a factor whose own notice is disowned goes."""
    mailbox.empty()
    notified.update(new_password="something else")
    disown(api, mailbox.token(PAGE, notified.person.email))
    reset(api, mailbox.token(RESET, notified.person.email))
    answer = api.post("/login", json={"email": notified.person.email, "password": NEW_PASSWORD})

    assert answer.json()["code"] == "totp_required"


def test_a_thief_who_signs_in_again_does_not_void_the_rescue(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """The thief knows the password: a sign-in must not take the way to a new one from the owner."""
    user.call("PUT", "/user/update", {"phrase": "Blue herons at dawn"})
    disown(api, mailbox.token(PAGE, user.person.email))
    token = mailbox.token(RESET, user.person.email)
    thief = sign_in(api, user.person)

    assert reset(api, token).status_code == 200
    assert thief.get("/user/profile").status_code == 401


def test_a_link_works_once_and_for_72_hours(api: TestClient, notified: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """Used, expired or made up: link_invalid."""
    token = mailbox.token(PAGE, notified.person.email)
    answers = [disown(api, "made up"), disown(api, token), disown(api, token)]
    sign_in(api, notified.person).update(phrase="Blue herons at dawn")
    late = mailbox.token(PAGE, notified.person.email, "phrase_changed")
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00'")

    assert [answer.status_code for answer in answers] == [400, 200, 400]
    assert {answer.json()["code"] for answer in (answers[0], answers[2], disown(api, late))} == {"link_invalid"}


def test_the_old_mailbox_takes_the_account_back(api: TestClient, notified: SignedIn, mailbox: Mailbox) -> None:
    """A thief moved the account: any notice from before brings it back, and the reset goes to the owner alone."""
    token = mailbox.token(PAGE, notified.person.email)
    notified.update(new_email="thief@example.net", totp=notified.code())
    mailbox.empty()
    answer = disown(api, token)

    assert answer.status_code == 200
    assert mailbox.kinds(notified.person.email) == ["account_rescue"]
    assert mailbox.kinds("thief@example.net") == ["email_left"]
    assert reset(api, mailbox.token(RESET, notified.person.email)).status_code == 200
    back = sign_in(api, Person(notified.person.email, None, NEW_PASSWORD)).get("/user/account").json()
    assert (back["email"], back["totp_enabled"]) == (notified.person.email, False)


def test_a_mailbox_without_any_claim_may_nothing(
    api: TestClient, notified: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """Once the way back has gone, the old mailbox is a stranger's: it ends no session and gets no mail."""
    token = mailbox.token(PAGE, notified.person.email)
    notified.update(new_email="alice@example.net")
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00' WHERE purpose = 'revert'")
    mailbox.empty()
    answer = disown(api, token)

    assert (answer.status_code, answer.json()["code"]) == (400, "link_invalid")
    assert notified.get("/user/profile").status_code == 200
    assert mailbox.kinds() == []


def test_a_reset_for_the_old_mailbox_dies_with_its_way_back(
    api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """The claim counts when the password is set, not only when the mail was asked for."""
    user.update(new_email="alice@example.net")
    api.post("/password/reset", json={"email": user.person.email})
    token = mailbox.token(RESET, user.person.email)
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00' WHERE purpose = 'revert'")

    assert reset(api, token).json()["code"] == "link_invalid"


@pytest.mark.parametrize("settings_changes", [{"email_change_requires_verification": True}])
def test_a_pending_change_of_address_is_called_off(api: TestClient, notified: SignedIn, mailbox: Mailbox) -> None:
    """What the thief has asked for must not happen afterwards."""
    notified.update(new_email="thief@example.net")
    disown(api, mailbox.token(PAGE, notified.person.email))
    pending = mailbox.token("/email/change", "thief@example.net")

    assert api.post("/email/change/confirm", json={"token": pending}).json()["code"] == "link_invalid"


def test_a_thief_s_new_password_does_not_void_the_rescue(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """Nor does a new password, which the thief could choose each time."""
    user.call("PUT", "/user/update", {"phrase": "Blue herons at dawn"})
    disown(api, mailbox.token(PAGE, user.person.email))
    token = mailbox.token(RESET, user.person.email)
    thief = sign_in(api, user.person)
    changed = thief.call("PUT", "/user/update", {"new_password": "the thief's own one", "current_password": PASSWORD})

    assert changed.status_code == 200
    assert reset(api, token).status_code == 200
    assert api.post("/login", json={"email": user.person.email, "password": NEW_PASSWORD}).status_code == 200
