"""Forgotten passwords: an answer that tells nothing, and a link that works once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from testing.api import PASSWORD, Person, RunSql, SignedIn, StartApi, register, sign_in
from testing.mail import Mailbox, text_of

NEW_PASSWORD = "a quite different one"
PAGE = "/password/reset"


def ask(api: Any, email: str) -> Any:
    """Ask for a link."""
    return api.post("/password/reset", json={"email": email})


def confirm(api: Any, token: str, password: str = NEW_PASSWORD) -> Any:
    """Choose a new password by a link's token."""
    return api.post("/password/reset/confirm", json={"token": token, "new_password": password})


@pytest.fixture
def token(api: TestClient, alice: Person, mailbox: Mailbox) -> str:
    """Give the token of a link that was just asked for."""
    ask(api, alice.email)
    return mailbox.token(PAGE, alice.email)


@pytest.mark.asvs("6.4.3")
def test_a_forgotten_password_is_replaced(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """The link sets a new password, ends every session, signs nobody in, and a notice follows."""
    ask(api, user.person.email)
    answer = confirm(api, mailbox.token(PAGE, user.person.email))
    old = api.post("/login", json={"email": user.person.email, "password": PASSWORD})
    user.person.password = NEW_PASSWORD

    assert (answer.status_code, list(answer.json())) == (200, ["message"])
    assert (user.get("/user/profile").status_code, old.status_code) == (401, 400)
    assert sign_in(api, user.person).get("/user/account").json()["email_verified"] is True
    assert "password_was_reset" in mailbox.kinds(user.person.email)


@pytest.mark.asvs("6.4.3")
def test_the_second_factor_stays(api: TestClient, user_with_totp: SignedIn, mailbox: Mailbox) -> None:
    """A mailbox alone is no way around two-factor authentication, once it has been confirmed."""
    user = user_with_totp
    mailbox.confirm(api, user.person)
    ask(api, user.person.email)
    confirm(api, mailbox.token(PAGE, user.person.email))
    body = {"email": user.person.email, "password": NEW_PASSWORD}
    without = api.post("/login", json=body)

    assert (without.status_code, without.json()["code"]) == (400, "totp_required")
    assert api.post("/login", json={**body, "totp": user.code()}).status_code == 200


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@Example.com", "nobody@example.com", "alice", "<>", " "])
def test_the_answer_is_the_same_for_everybody(api: TestClient, alice: Person, email: str) -> None:
    """One status, one body, which holds no link and no token."""
    answer = ask(api, email)

    assert answer.status_code == 200
    assert answer.json() == {"message": "If an account uses this address, a message is on its way to it."}


@pytest.mark.asvs("6.3.8")
def test_a_request_for_nobody_leaves_nothing(api: TestClient, alice: Person, mailbox: Mailbox, sql: RunSql) -> None:
    """Somebody else's address gets no mail, and no row remains of what was asked."""
    ask(api, "nobody@example.com")
    ask(api, "alice@example.com.evil.example")

    assert mailbox.kinds() == ["verify_email"]
    assert sql("SELECT kind FROM mails") == [("verify_email",)]


def test_mail_goes_to_the_stored_address_only(api: TestClient, mailbox: Mailbox) -> None:
    """However the address was typed, the one that was registered gets the mail (CVE-2019-19844)."""
    api.post("/register", json={"email": "Mike@example.org", "password": PASSWORD})
    ask(api, "MIKE@EXAMPLE.ORG")
    ask(api, "mıke@example.org")

    assert [mail["To"] for mail in mailbox.read(kind="password_reset")] == ["Mike@example.org"]


@pytest.mark.asvs("6.4.1")
def test_a_request_changes_nothing(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """Whoever asks in somebody's name locks nobody out: password and sessions stay until the link is used."""
    ask(api, user.person.email)
    mailbox.read()

    assert user.get("/user/profile").status_code == 200
    assert sign_in(api, user.person)


@pytest.mark.asvs("6.5.1")
def test_a_link_works_once(api: TestClient, token: str) -> None:
    """Used is used."""
    answers = [confirm(api, token), confirm(api, token, "yet another good one")]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["code"] == "link_invalid"


@pytest.mark.asvs("6.5.1")
def test_a_link_works_once_under_race(start_api: StartApi, mailbox: Mailbox) -> None:
    """Of six uses at the same time on two processes one succeeds; the others change nothing."""
    server = start_api(workers=2)
    with httpx2.Client(base_url=server.url) as http:
        alice = register(http)
        ask(http, alice.email)
        link = mailbox.wait_for(PAGE)
        barrier = Barrier(6)

        def use(number: int) -> int:
            with httpx2.Client(base_url=server.url) as own:
                barrier.wait()
                return confirm(own, link, f"a good password {number}").status_code

        with ThreadPoolExecutor(6) as pool:
            statuses = sorted(pool.map(use, range(6)))

    assert statuses == [200, 400, 400, 400, 400, 400]


@pytest.mark.asvs("6.2.4", "6.2.11")
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short77", "password_too_short"),
        ("12345678", "password_too_common"),
        ("alice@example.", "password_too_personal"),
    ],
)
def test_a_refused_password_uses_no_link_up(api: TestClient, token: str, password: str, code: str) -> None:
    """The same rules as everywhere; the person tries again with the same link."""
    refused = confirm(api, token, password)

    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert confirm(api, token).status_code == 200


@pytest.mark.asvs("6.4.1", "6.5.5")
def test_a_link_is_good_for_half_an_hour(api: TestClient, token: str, sql: RunSql) -> None:
    """An expired link is as good as none."""
    [(created_at, expires_at)] = sql("SELECT created_at, expires_at FROM one_time_tokens WHERE purpose = 'reset'")
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00'")
    answer = confirm(api, token)

    assert _minutes(created_at, expires_at) == 30
    assert (answer.status_code, answer.json()["code"]) == (400, "link_invalid")


def test_a_sign_in_voids_earlier_links(api: TestClient, alice: Person, token: str) -> None:
    """Whoever remembered the password meanwhile has no need of the link, and a thief no use for it."""
    sign_in(api, alice)

    assert confirm(api, token).json()["code"] == "link_invalid"


def test_a_password_change_voids_earlier_links(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """A link from before the change is dead, also one of two links once the other was used."""
    ask(api, user.person.email)
    first = mailbox.token(PAGE, user.person.email)
    ask(api, user.person.email)
    second = mailbox.token(PAGE, user.person.email)
    used, unused = confirm(api, second), confirm(api, first)

    assert (used.status_code, unused.status_code) == (200, 400)


@pytest.mark.parametrize("change", ["", "x", "é", "\u0000", "a" * 3000])
def test_made_up_links_are_invalid(api: TestClient, token: str, change: str) -> None:
    """A token that we did not make, of whatever form, is refused without a fault."""
    answer = confirm(api, change + token if change else token[:-1])

    assert (answer.status_code, answer.json()["code"]) == (400, "link_invalid")


@pytest.mark.asvs("6.4.1")
def test_tokens_serve_their_own_purpose(api: TestClient, alice: Person, mailbox: Mailbox) -> None:
    """A link to confirm an address sets no password, and one to set a password confirms no address."""
    verification = mailbox.token("/email/verify", alice.email)
    ask(api, alice.email)
    reset = mailbox.token(PAGE, alice.email)
    wrong = [confirm(api, verification)]
    wrong += [
        api.post(path, json={"token": reset})
        for path in ("/email/verify", "/email/revert", "/email/change/confirm", "/account/disown")
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in wrong} == {(400, "link_invalid")}


@pytest.mark.asvs("11.4.2", "14.2.4")
def test_a_link_is_hashed_at_rest(token: str, sql: RunSql) -> None:
    """A copy of the database holds no usable link."""
    rows = sql("SELECT * FROM one_time_tokens") + sql("SELECT * FROM mails")

    assert token not in str(rows)
    assert len(token) == 43


@pytest.mark.asvs("2.3.2")
def test_at_most_five_mails_an_hour(api: TestClient, alice: Person, mailbox: Mailbox, sql: RunSql) -> None:
    """Nobody's mailbox is flooded in their name; the fifth way in of an hour is kept for "this was not me"."""
    for _ in range(8):
        ask(api, alice.email)
    first = len(mailbox.read(kind="password_reset"))
    sql("UPDATE attempts SET window_started_at = '2020-01-01 00:00:00', last_at = '2020-01-01 00:00:00'")
    ask(api, alice.email)

    assert (first, len(mailbox.read(kind="password_reset"))) == (4, 5)


def test_a_disabled_account_gets_no_link(
    api: TestClient, alice: Person, token: str, mailbox: Mailbox, sql: RunSql
) -> None:
    """Whoever runs the service has the last word: no new link, and the old one is void."""
    sql("UPDATE users SET disabled_at = '2020-01-01 00:00:00'")
    ask(api, alice.email)

    assert len(mailbox.read(kind="password_reset")) == 1
    assert confirm(api, token).json()["code"] == "link_invalid"


@pytest.mark.asvs("3.5.3")
@pytest.mark.parametrize("path", ["/password/reset", "/password/reset/confirm", "/email/verify", "/account/disown"])
def test_opening_a_link_by_get_changes_nothing(api: TestClient, token: str, path: str) -> None:
    """Mail scanners follow links: the API has nothing there to follow."""
    assert api.get(path, params={"token": token}).status_code == 405
    assert confirm(api, token).status_code == 200


def test_a_reset_clears_the_throttles(api: TestClient, user: SignedIn, mailbox: Mailbox) -> None:
    """Whoever was kept waiting by an attacker signs in at once with the new password."""
    for _ in range(11):
        answer = api.post("/login", json={"email": user.person.email, "password": "wrong guess"})
    ask(api, user.person.email)
    confirm(api, mailbox.token(PAGE, user.person.email))
    user.person.password = NEW_PASSWORD

    assert answer.status_code == 429
    assert sign_in(api, user.person)


def test_the_mail_says_what_it_is(api: TestClient, alice: Person, mailbox: Mailbox) -> None:
    """When, from where, how long, and that doing nothing is safe."""
    ask(api, alice.email)
    text = text_of(mailbox.last(alice.email, "password_reset"))

    place = "127.0.0.1 (the machine of this service), Firefox on Linux"
    assert all(words in text for words in ("within 30 minutes", "UTC", place, "do nothing"))


def _minutes(begin: object, end: object) -> float:
    """Count the minutes between two moments, which SQLite gives as text."""
    return (datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(begin))).total_seconds() / 60


def test_a_sign_in_while_the_clock_was_ahead_voids_no_link(api: TestClient, token: str, sql: RunSql) -> None:
    """What was written in a future that did not come proves nothing."""
    sql("UPDATE users SET last_login_at = '2050-01-01 00:00:00', password_changed_at = '2050-01-01 00:00:00'")

    assert confirm(api, token).status_code == 200
