"""Changing the address: at once with a way back, or only once the new mailbox says yes."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from testing.api import PASSWORD, Person, RunSql, SignedIn, StartApi, register, sign_in
from testing.mail import Mailbox, links_of, text_of

A, B, C = "alice@example.com", "alice@example.net", "alice@example.org"
NEW_PASSWORD = "a quite different one"
BACK, RESET, CHANGE = "/email/revert", "/password/reset", "/email/change"
ASKING = pytest.mark.parametrize("settings_changes", [{"email_change_requires_verification": True}])


@pytest.fixture
def alice(api: TestClient, mailbox: Mailbox) -> Person:
    """Give somebody whose address is confirmed: else it holds no way back, and no authority."""
    person = register(api)
    mailbox.confirm(api, person)
    return person


def change(user: SignedIn, email: str, **more: object) -> Any:
    """Change the address."""
    return user.call("PUT", "/user/update", {"new_email": email, "current_password": PASSWORD, **more})


def revert(api: Any, token: str) -> Any:
    """Go back by a link's token."""
    return api.post("/email/revert", json={"token": token})


def confirm(api: Any, token: str) -> Any:
    """Switch by a link's token."""
    return api.post("/email/change/confirm", json={"token": token})


def prove(user: SignedIn, mailbox: Mailbox, email: str) -> None:
    """Confirm the present address: only one that was confirmed gets a way back when it is left."""
    user.http.post("/email/verify", json={"token": mailbox.token("/email/verify", email)})


def address_of(sql: RunSql) -> str:
    """Return the address of the one account."""
    [(email,)] = sql("SELECT email FROM users")
    return str(email)


@pytest.mark.asvs("6.3.7")
def test_both_mailboxes_hear_of_a_change(user: SignedIn, mailbox: Mailbox) -> None:
    """The old one gets a way back, the new one a way to confirm itself and to say that it was not them."""
    change(user, B)
    old, new = mailbox.last(A), mailbox.last(B)

    assert user.get("/user/profile").json()["email"] == B
    assert list(links_of(old)) == [BACK]
    assert list(links_of(new)) == ["/email/verify", "/account/disown"]
    assert B in text_of(old)
    assert "alice" not in text_of(new).replace(B, "")


def test_the_way_back(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """It restores the address, ends every session, and mails a way to a new password to it."""
    change(user, B)
    answer = revert(api, mailbox.token(BACK, A))
    account = user.get("/user/account")
    reset = api.post("/password/reset/confirm", json={"token": mailbox.token(RESET, A), "new_password": NEW_PASSWORD})
    user.person.password = NEW_PASSWORD
    back = sign_in(api, user.person).get("/user/account").json()

    assert (answer.status_code, account.status_code, reset.status_code) == (200, 401, 200)
    assert (back["email"], back["email_verified"]) == (A, True)
    assert mailbox.kinds(B)[-1] == "email_left"


def test_a_way_back_is_gone_once(api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """Used, expired after 72 hours, or made up: link_invalid."""
    change(user, B)
    token = mailbox.token(BACK, A)
    answers = [revert(api, "made up"), revert(api, token), revert(api, token)]
    user = sign_in(api, user.person)
    change(user, C)
    late = mailbox.token(BACK, A)
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00'")

    assert [answer.status_code for answer in answers] == [400, 200, 400]
    assert revert(api, late).json()["code"] == "link_invalid"


def test_a_chain_of_changes_still_goes_back_to_the_first(
    api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """A thief who moves on from B to C keeps nothing: A wins, and B's way back dies with it."""
    change(user, B)
    prove(user, mailbox, B)
    change(user, C)
    thief = mailbox.token(BACK, B)
    owner = revert(api, mailbox.token(BACK, A))

    assert (owner.status_code, address_of(sql)) == (200, A)
    assert revert(api, thief).json()["code"] == "link_invalid"


def test_a_thief_who_goes_back_first_wins_nothing(
    api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """In the chain A, B, C the link of B leads to B, and A's still leads to A."""
    change(user, B)
    prove(user, mailbox, B)
    change(user, C)
    first, second = revert(api, mailbox.token(BACK, B)), revert(api, mailbox.token(BACK, A))

    assert (first.status_code, second.status_code, address_of(sql)) == (200, 200, A)


def test_returning_by_the_profile_is_a_way_back_too(
    api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """Else the mailbox in between, a thief's, would get a link that takes the account again."""
    change(user, B)
    prove(user, mailbox, B)
    change(user, C)
    thief = mailbox.token(BACK, B)
    change(user, A)

    assert address_of(sql) == A
    assert links_of(mailbox.last(C, "email_left")) == {}
    assert revert(api, thief).json()["code"] == "link_invalid"
    assert sql("SELECT count(*) FROM one_time_tokens WHERE purpose = 'revert'") == [(0,)]


@pytest.mark.asvs("6.3.8")
def test_an_address_with_a_way_back_stays_reserved(
    api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """Nobody registers it or moves to it meanwhile; after 72 hours it is free."""
    change(user, B)
    bob = sign_in(api, register(api, "bob"))
    refused = [api.post("/register", json={"email": A, "password": PASSWORD}), change(bob, A)]
    bobs = bob.get("/user/profile").json()["email"]
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00'")

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "email_taken")] * 2
    assert bobs == "bob@example.com"
    assert api.post("/register", json={"email": A, "password": PASSWORD}).status_code == 200


def test_deletion_frees_the_reserved_address(api: TestClient, user: SignedIn) -> None:
    """With the account goes its claim."""
    change(user, B)
    user.post("/user/delete", {"confirm": True, "current_password": PASSWORD})

    assert api.post("/register", json={"email": A, "password": PASSWORD}).status_code == 200


def test_a_reserved_address_is_refused_under_race(start_api: StartApi, sql: RunSql) -> None:
    """However a registration meets the change that frees its address, one of the two people has it at the end."""
    server = start_api(workers=2)
    with httpx2.Client(base_url=server.url) as http:
        user = sign_in(http, register(http))
        sql("UPDATE users SET email_verified_at = created_at")
        barrier = Barrier(5)

        def grab(_: int) -> int:
            with httpx2.Client(base_url=server.url) as own:
                barrier.wait()
                return own.post("/register", json={"email": A, "password": PASSWORD}).status_code

        with ThreadPoolExecutor(4) as pool:
            grabbed = pool.map(grab, range(4))
            barrier.wait()
            moved = change(user, B)
            statuses = list(grabbed)

    assert (moved.status_code, statuses) == (200, [409] * 4)


def test_the_same_mailbox_spelt_otherwise_is_no_move(user: SignedIn, mailbox: Mailbox) -> None:
    """Letter case is display: no notice, no new confirmation."""
    change(user, "Alice@Example.com")
    account = user.get("/user/account").json()

    assert (account["email"], account["email_verified"]) == ("Alice@Example.com", True)
    assert mailbox.kinds() == []


def test_a_refused_change_changes_nothing(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """All of an update is done or none, mails included."""
    register(api, "bob")
    answer = change(user, "bob@example.com", phrase="Blue herons", new_password=NEW_PASSWORD)

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert mailbox.kinds(A) == []


@pytest.mark.asvs("6.4.3")
def test_the_second_factor_survives_all_of_it(api: TestClient, user_with_totp: SignedIn, mailbox: Mailbox) -> None:
    """Neither a change of address nor the way back touches it."""
    change(user_with_totp, B)
    revert(api, mailbox.token(BACK, A))
    answer = api.post("/login", json={"email": A, "password": PASSWORD})

    assert answer.json()["code"] == "totp_required"


# --- only once the new mailbox says yes --------------------------------------------------------------------------


@ASKING
def test_nothing_changes_until_the_new_mailbox_confirms(
    api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """The pending address never leaks into the live one; confirmed, it is the verified one, with a way back."""
    asked = change(user, B, phrase="Blue herons at dawn")
    before = user.get("/user/account").json()
    confirmed = confirm(api, mailbox.token(CHANGE, B))
    after = user.get("/user/account").json()

    assert "new address" in asked.json()["message"]
    assert (before["email"], before["phrase"]) == (A, "Blue herons at dawn")
    assert (confirmed.status_code, after["email"], after["email_verified"]) == (200, B, True)
    assert revert(api, mailbox.token(BACK, A)).status_code == 200
    assert address_of(sql) == A


@ASKING
def test_a_pending_address_signs_nobody_in_and_gets_no_reset(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """It is nobody's until it is confirmed: anybody may still register it."""
    change(user, B)
    login = api.post("/login", json={"email": B, "password": PASSWORD})
    api.post("/password/reset", json={"email": B})
    kinds = mailbox.kinds(B)

    assert login.json()["code"] == "invalid_credentials"
    assert kinds == ["email_change_requested"]
    assert api.post("/register", json={"email": B, "password": PASSWORD}).status_code == 200


@ASKING
def test_who_confirms_second_comes_too_late(api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """Uniqueness is decided when the change is made, and its link stays good for a later try."""
    change(user, B)
    api.post("/register", json={"email": B, "password": PASSWORD})
    token = mailbox.token(CHANGE, B)
    answer = confirm(api, token)
    sql("DELETE FROM users WHERE email = :email", email=B)

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert confirm(api, token).status_code == 200


@ASKING
def test_only_the_last_wish_counts(api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """Asking for another address, or a new password, voids what was asked before."""
    change(user, B)
    change(user, C)
    old = confirm(api, mailbox.token(CHANGE, B))
    pair = user.call("PUT", "/user/update", {"new_password": NEW_PASSWORD, "current_password": PASSWORD}).json()

    assert old.json()["code"] == "link_invalid"
    assert pair["access_token"]
    assert confirm(api, mailbox.token(CHANGE, C)).json()["code"] == "link_invalid"
    assert address_of(sql) == A


@ASKING
def test_an_address_and_a_password_in_one_go(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """The password changes at once, the address when the new mailbox says so."""
    answer = change(user, B, new_password=NEW_PASSWORD)
    user.access_token = answer.json()["access_token"]

    assert confirm(api, mailbox.token(CHANGE, B)).status_code == 200
    assert user.get("/user/profile").json()["email"] == B


@ASKING
def test_a_taken_address_is_refused_when_asked_for(api: TestClient, user: SignedIn) -> None:
    """A plain answer, as at registration."""
    register(api, "bob")

    assert change(user, "bob@example.com").json()["code"] == "email_taken"


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("settings_changes", [{"prevent_enumeration": True}])
def test_a_taken_address_is_hidden_where_all_are(api: TestClient, mailbox: Mailbox) -> None:
    """The one who asks cannot tell, for every change waits for the new mailbox there; the owner hears of it."""
    alice = register(api)
    register(api, "bob")
    api.post("/email/verify", json={"token": mailbox.token("/email/verify", A)})
    user = sign_in(api, alice)
    answers = [change(user, "bob@example.com"), change(user, B)]

    assert answers[0].json() == answers[1].json()
    assert mailbox.kinds("bob@example.com") == ["verify_email", "account_exists"]


@pytest.mark.asvs("2.4.1", "2.3.2")
@pytest.mark.parametrize("settings_changes", [{}, {"email_change_requires_verification": True}], ids=["once", "asking"])
def test_five_changes_an_hour(user: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """Each mails a stranger, so more would be a flood; the sixth changes nothing at all, and waits for its hour."""
    answers = [change(user, f"somebody-{number}@example.net") for number in range(5)]
    before = sql("SELECT count(*) FROM mails")
    answers.append(change(user, B, phrase="not this either"))
    profile = user.get("/user/profile").json()

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 0 < int(answers[5].headers["Retry-After"]) <= 3600
    assert (profile["phrase"], sql("SELECT count(*) FROM mails")) == ("Welcome to Pupero", before)
    assert change(user, profile["email"].upper()).status_code == 200
    sql("UPDATE attempts SET window_started_at = '2020-01-01 00:00:00', last_at = '2020-01-01 00:00:00'")
    assert change(user, B).status_code == 200


@pytest.mark.asvs("6.3.7")
@pytest.mark.parametrize("settings_changes", [{}, {"email_change_requires_verification": True}])
def test_a_look_alike_is_no_respelling(api: TestClient, mailbox: Mailbox) -> None:
    """ß and ss share a key and are two domains: no account gets from one to the other unnoticed."""
    here = Person("alice@swissmail.example", None, PASSWORD)
    api.post("/register", json={"email": here.email, "password": PASSWORD})
    api.post("/email/verify", json={"token": mailbox.token("/email/verify", here.email)})
    user = sign_in(api, here)
    answer = change(user, "alice@swißmail.example")

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert user.get("/user/account").json()["email"] == here.email
    assert change(user, "Alice@SwissMail.example").status_code == 200
    assert user.get("/user/account").json()["email_verified"] is True
