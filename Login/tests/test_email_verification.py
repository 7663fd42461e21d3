"""Confirming addresses, and registering so that nobody learns who is here."""

from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.config import Settings
from testing.api import PASSWORD, PRODUCTION, MakeSettings, Person, RunSql, SignedIn, register, sign_in
from testing.mail import Mailbox, text_of

PAGE = "/email/verify"
STRICT = pytest.mark.parametrize("settings_changes", [{"require_verified_email": True}])
HIDING = pytest.mark.parametrize("settings_changes", [{"prevent_enumeration": True}])


def verify(api: Any, token: str) -> Any:
    """Confirm an address by a link's token."""
    return api.post("/email/verify", json={"token": token})


def log_in(api: Any, person: Person, **more: object) -> Any:
    """Try to sign in."""
    return api.post("/login", json={"email": person.email, "password": person.password, **more})


def test_a_new_address_is_confirmed_by_its_link(user: SignedIn, mailbox: Mailbox) -> None:
    """The link goes out at registration and works once, without signing in."""
    before = user.get("/user/account").json()["email_verified"]
    token = mailbox.token(PAGE, user.person.email)
    answers = [verify(user.http, token), verify(user.http, token)]

    assert (before, user.get("/user/account").json()["email_verified"]) == (False, True)
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["code"] == "link_invalid"


def test_the_link_is_sent_again_on_request(user: SignedIn, mailbox: Mailbox) -> None:
    """Each of the links works until one has; then there is no need of another."""
    first = mailbox.token(PAGE, user.person.email)
    asked = user.post("/email/verification")
    second = mailbox.token(PAGE, user.person.email)
    used, voided = verify(user.http, second), verify(user.http, first)
    again = user.post("/email/verification")

    assert (asked.status_code, used.status_code, voided.status_code) == (200, 200, 400)
    assert again.json()["message"] == "Your email address is confirmed already."
    assert len(mailbox.read(user.person.email, "verify_email")) == 2


def test_at_most_five_links_an_hour(user: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """More would be a flood; the answer says when to come back."""
    answers = [user.post("/email/verification") for _ in range(6)]
    sql("UPDATE attempts SET window_started_at = '2020-01-01 00:00:00', last_at = '2020-01-01 00:00:00'")

    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3601
    assert user.post("/email/verification").status_code == 200


def test_asking_again_wants_a_session(api: TestClient) -> None:
    """Nobody else causes mail."""
    assert api.post("/email/verification").status_code == 401


def test_a_link_confirms_only_the_address_it_went_to(user: SignedIn, mailbox: Mailbox) -> None:
    """After a change of address the old mailbox confirms nothing."""
    token = mailbox.token(PAGE, user.person.email)
    user.call("PUT", "/user/update", {"new_email": "alice@example.org", "current_password": PASSWORD})

    assert verify(user.http, token).json()["code"] == "link_invalid"
    assert user.get("/user/account").json()["email_verified"] is False


def test_an_expired_link_confirms_nothing(user: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """It is good for a day."""
    token = mailbox.token(PAGE, user.person.email)
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00'")

    assert verify(user.http, token).json()["code"] == "link_invalid"


@STRICT
def test_an_unconfirmed_address_may_not_sign_in(api: TestClient, alice: Person, mailbox: Mailbox) -> None:
    """Said only to whoever knows the password, and the link is sent again."""
    wrong = api.post("/login", json={"email": alice.email, "password": "not the password"})
    refused = log_in(api, alice)
    links = mailbox.read(alice.email, "verify_email")
    verify(api, mailbox.token(PAGE, alice.email))

    assert wrong.json()["code"] == "invalid_credentials"
    assert (refused.status_code, refused.json()["code"]) == (400, "email_unverified")
    assert (len(links), log_in(api, alice).status_code) == (2, 200)


@STRICT
def test_refused_sign_ins_are_no_flood_of_mails(api: TestClient, alice: Person, mailbox: Mailbox) -> None:
    """However often somebody tries, five mails an hour are enough."""
    codes = {log_in(api, alice).json()["code"] for _ in range(8)}

    assert codes == {"email_unverified"}
    assert len(mailbox.read(alice.email, "verify_email")) == 5


def test_an_unconfirmed_address_signs_in_where_nobody_minds(api: TestClient, alice: Person) -> None:
    """By default an account works at once."""
    assert log_in(api, alice).status_code == 200


@pytest.mark.asvs("6.3.8")
@HIDING
def test_registering_a_taken_address_looks_like_a_fresh_one(
    api: TestClient, alice: Person, mailbox: Mailbox, sql: RunSql
) -> None:
    """The same answer with an id of nobody's; the owner hears of it, and nothing else happens."""
    bodies = [{"email": email, "password": "quite another one"} for email in ("ALICE@example.com", "bob@example.com")]
    taken, fresh = (api.post("/register", json=body) for body in bodies)

    assert (taken.status_code, fresh.status_code) == (200, 200)
    assert list(taken.json()) == list(fresh.json()) == ["user_id"]
    assert len(taken.json()["user_id"]) == len(fresh.json()["user_id"])
    assert taken.json()["user_id"] != alice.user_id
    assert sql("SELECT count(*) FROM users") == [(2,)]
    assert mailbox.kinds(alice.email) == ["verify_email", "account_exists"]
    assert "nothing was changed" in text_of(mailbox.last(alice.email, "account_exists"))


@HIDING
def test_a_taken_username_is_said_whoever_has_the_address(api: TestClient, alice: Person) -> None:
    """Usernames are public; that answer must not depend on the address, or it would tell of it."""
    bodies = [{"email": email, "username": "alice", "password": PASSWORD} for email in (alice.email, "bob@example.com")]

    assert [api.post("/register", json=body).json()["code"] for body in bodies] == ["username_taken"] * 2


@HIDING
def test_hiding_implies_confirmed_addresses(api: TestClient, alice: Person, mailbox: Mailbox) -> None:
    """Else the first sign-in would tell what the registration hid."""
    refused = log_in(api, alice)
    verify(api, mailbox.token(PAGE, alice.email))

    assert refused.json()["code"] == "email_unverified"
    assert log_in(api, alice).status_code == 200


@HIDING
def test_the_owner_is_not_flooded(api: TestClient, alice: Person, mailbox: Mailbox) -> None:
    """Five such mails an hour."""
    for _ in range(7):
        api.post("/register", json={"email": alice.email, "password": PASSWORD})

    assert len(mailbox.read(alice.email, "account_exists")) == 5


def test_by_default_a_taken_address_is_refused(api: TestClient, alice: Person, mailbox: Mailbox) -> None:
    """The plain answer of the API's contract; the owner hears nothing."""
    answer = api.post("/register", json={"email": alice.email, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert mailbox.kinds(alice.email) == ["verify_email"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"require_verified_email": True}, "REQUIRE_VERIFIED_EMAIL needs mail"),
        ({"prevent_enumeration": True}, "PREVENT_ENUMERATION needs mail"),
        ({"email_change_requires_verification": True}, "EMAIL_CHANGE_REQUIRES_VERIFICATION needs mail"),
        ({"public_url": "http://example.com"}, "PUBLIC_URL must begin with https://"),
        ({"smtp_host": "mail.example.com"}, "MAIL_FROM is missing"),
        (
            {"smtp_host": "h", "mail_from": "a@example.com", "smtp_secure": "none", "smtp_user": "u"},
            "in the clear",
        ),
    ],
)
def test_production_refuses_promises_it_cannot_keep(
    make_settings: MakeSettings, changes: dict[str, Any], named: str
) -> None:
    """What needs mail needs a server, and nothing secret goes in the clear."""
    values = {**PRODUCTION, "public_url": "https://example.com", **changes}
    with pytest.raises(ValidationError, match=named):
        make_settings("sqlite:///x.sqlite3", **values)


def test_production_starts_without_a_mail_server(make_settings: MakeSettings) -> None:
    """Mails are kept queued until there is one."""
    settings = make_settings("sqlite:///x.sqlite3", **PRODUCTION, public_url="https://example.com")

    assert settings.delivers_mail is False


@pytest.mark.parametrize(
    "changes",
    [
        {"public_url": "ftp://example.com"},
        {"public_url": "https://user@example.com"},
        {"public_url": "https://example.com/?a=b"},
        {"public_url": "example.com"},
        {"mail_from": "a@example.com, b@example.com"},
        {"mail_from": "Pupero"},
        {"mail_from": "a@example.com\r\nBcc: b@example.com"},
        {"smtp_port": 0},
        {"smtp_timeout_seconds": 61},
        {"smtp_secure": "ssl"},
    ],
)
def test_unusable_mail_settings_are_refused(make_settings: MakeSettings, changes: dict[str, Any]) -> None:
    """A typing error shows at the start, not in the first mail."""
    with pytest.raises(ValidationError):
        make_settings("sqlite:///x.sqlite3", **changes)


def test_the_public_address_needs_no_care_about_its_end(make_settings: MakeSettings) -> None:
    """With a slash or without, links are the same; a path is kept."""
    settings: list[Settings] = [
        make_settings("sqlite:///x.sqlite3", public_url=f"https://example.com/login{end}") for end in ("", "/")
    ]

    assert {one.public_url for one in settings} == {"https://example.com/login"}


@pytest.mark.asvs("8.2.2")
def test_two_people_are_kept_apart(api: TestClient, mailbox: Mailbox) -> None:
    """A link confirms the account that it was made for and no other."""
    alice, bob = sign_in(api, register(api)), sign_in(api, register(api, "bob"))
    verify(api, mailbox.token(PAGE, "bob@example.com"))

    assert [one.get("/user/account").json()["email_verified"] for one in (alice, bob)] == [False, True]
