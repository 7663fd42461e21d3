"""Notices: whatever happens to an account, its owner hears of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from app import auth
from app.config import Settings
from app.secrets.keys import make_keyrings
from app.services.sweeping import sweep
from testing.ageing import let_a_minute_pass
from testing.api import PASSWORD, Person, RunSql, SignedIn, enable_totp, register, sign_in
from testing.mail import Mailbox, links_of, text_of

NEW_PASSWORD = "a quite different one"


@pytest.fixture
def quiet(user: SignedIn, mailbox: Mailbox) -> SignedIn:
    """Give somebody signed in whose mailbox is confirmed, and empty."""
    user.http.post("/email/verify", json={"token": mailbox.token("/email/verify")})
    mailbox.empty()
    return user


def from_elsewhere(address: str, agent: str = "curl/8.5") -> dict[str, str]:
    """Return the headers of a request from another place."""
    return {"X-Forwarded-For": address, "User-Agent": agent}


@pytest.mark.asvs("6.3.7")
def test_a_changed_password(quiet: SignedIn, mailbox: Mailbox) -> None:
    """Told with time, place and a way to say that it was somebody else."""
    quiet.call("PUT", "/user/update", {"new_password": NEW_PASSWORD, "current_password": PASSWORD})
    mail = mailbox.last(quiet.person.email)

    assert mailbox.kinds() == ["password_changed"]
    assert list(links_of(mail)) == ["/account/disown"]
    assert "Where: 127.0.0.1 (the machine of this service), Firefox on Linux" in text_of(mail)
    assert " UTC\n" in text_of(mail)


@pytest.mark.asvs("6.3.7")
def test_a_second_factor_switched_on_and_off(
    quiet: SignedIn, mailbox: Mailbox, let_codes_pass: Callable[[], None]
) -> None:
    """Either way."""
    enable_totp(quiet)
    quiet.post("/totp/disable")

    assert mailbox.kinds() == ["totp_enabled", "totp_disabled"]


def test_a_used_recovery_code_and_the_last_three(
    api: TestClient, quiet: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """Each use is told with how many are left, and once that these are few."""
    enable_totp(quiet)
    mailbox.empty()
    for code in quiet.recovery_codes[:8]:
        assert sign_in(api, quiet.person, totp=code)
        let_a_minute_pass(sql, mailbox)
    kinds = mailbox.kinds()

    assert kinds.count("recovery_code_used") == 8
    assert kinds.count("recovery_codes_low") == 1
    assert "Codes left: 2\n" in text_of(mailbox.last(kind="recovery_code_used"))
    assert "Codes left: 3\n" in text_of(mailbox.last(kind="recovery_codes_low"))


def test_a_code_that_was_not_spent_is_not_told(api: TestClient, quiet: SignedIn, mailbox: Mailbox) -> None:
    """A refused one used nothing up."""
    enable_totp(quiet)
    mailbox.empty()
    api.post("/login", json={"email": quiet.person.email, "password": PASSWORD, "totp": "A" * 24})

    assert mailbox.kinds() == []


@pytest.mark.asvs("6.3.5")
def test_a_sign_in_from_a_new_place(api: TestClient, quiet: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """Told once for each place: not for the first sign-in ever, not for places known since."""
    body = {"email": quiet.person.email, "password": PASSWORD}
    for address in ("203.0.113.7", "203.0.113.7", "127.0.0.1", "2001:db8::1", "2001:db8::2"):
        assert api.post("/login", json=body, headers=from_elsewhere(address)).status_code == 200
        let_a_minute_pass(sql, mailbox)
    mails = mailbox.read(kind="new_device")

    assert mailbox.kinds() == ["new_device"] * 2
    assert "Where: 203.0.113.7, curl" in text_of(mails[0])
    assert "Where: 2001:db8::1, curl" in text_of(mails[1])


@pytest.mark.asvs("6.3.5")
def test_throttled_sign_ins_once_a_day(api: TestClient, quiet: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """However long an attack lasts."""
    for address in ("203.0.113.7", "203.0.113.8"):
        for _ in range(11):
            sql("UPDATE attempts SET last_at = :earlier WHERE count < 10", earlier=_ago(seconds=40))  # past the pauses
            body = {"email": quiet.person.email, "password": "wrong guess"}
            api.post("/login", json=body, headers=from_elsewhere(address))

    assert mailbox.kinds() == ["sign_ins_throttled"]
    assert "Where: 203.0.113.7, curl" in text_of(mailbox.last())


def test_throttled_guesses_at_nobody_leave_nothing(api: TestClient, mailbox: Mailbox, sql: RunSql) -> None:
    """The note that is left for everybody alike is thrown away."""
    for _ in range(11):
        api.post("/login", json={"email": "nobody@example.com", "password": "wrong guess"})
    queued = sql("SELECT kind FROM mails")
    kinds = mailbox.kinds()

    assert (queued in ([], [("throttled",)]), kinds, sql("SELECT kind FROM mails")) == (True, [], [])


@pytest.mark.asvs("6.3.5")
def test_a_right_password_with_wrong_codes(api: TestClient, quiet: SignedIn, mailbox: Mailbox) -> None:
    """The third wrong code in a row is told, once an hour: somebody knows the password."""
    enable_totp(quiet)
    mailbox.empty()
    body = {"email": quiet.person.email, "password": PASSWORD, "totp": "000000"}
    two = [api.post("/login", json=body) for _ in range(2)]
    early = mailbox.kinds()
    for _ in range(3):
        api.post("/login", json=body)

    assert {answer.json()["code"] for answer in two} == {"totp_invalid"}
    assert (early, mailbox.kinds()) == ([], ["wrong_codes"])


@pytest.mark.asvs("6.3.5")
def test_wrong_codes_that_take_their_time(api: TestClient, quiet: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """The tenth of a day is told, too: two each five minutes would else stay unseen for ever."""
    enable_totp(quiet)
    mailbox.empty()
    body = {"email": quiet.person.email, "password": PASSWORD, "totp": "000000"}
    seen = []
    for _ in range(5):
        seen += [api.post("/login", json=body).json()["code"] for _ in range(2)]
        early = mailbox.kinds() if len(seen) < 10 else []
        sql("UPDATE attempts SET last_at = :earlier", earlier=_ago(minutes=6))

    assert seen == ["totp_invalid"] * 10
    assert (early, mailbox.kinds()) == ([], ["wrong_codes"])


def test_a_reused_refresh_token(quiet: SignedIn, mailbox: Mailbox, settings: Settings) -> None:
    """Told once, with the end of the session, and from where the copy came."""
    ring = make_keyrings(settings.signing_secrets, []).tokens
    claims = auth.decode_token("refresh", quiet.refresh_token, ring)
    stolen = auth.encode_token("refresh", {**claims, "iat": claims["iat"] - 60}, ring)
    quiet.refresh()
    quiet.refresh()
    answers = [
        quiet.http.post("/refresh", json={"refresh_token": stolen}, headers=from_elsewhere("203.0.113.9"))
        for _ in range(2)
    ]

    assert {answer.json()["code"] for answer in answers} == {"refresh_token_reused"}
    assert mailbox.kinds() == ["refresh_token_reused"]
    assert "Where: 203.0.113.9, curl" in text_of(mailbox.last())


def test_a_new_phrase_is_told_in_the_old_one(quiet: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """A thief's phrase must not vouch for the mail that tells of the thief."""
    quiet.call("PUT", "/user/update", {"phrase": "Blue herons at dawn"})
    first = text_of(mailbox.last(kind="phrase_changed"))
    quiet.call("PUT", "/user/update", {"phrase": "Thief's own words"})
    let_a_minute_pass(sql, mailbox)
    second = text_of(mailbox.last(kind="phrase_changed"))
    quiet.call("PUT", "/user/update", {"phrase": "Thief's own words"})

    assert "herons" not in first
    assert "Your phrase: Blue herons at dawn" in second
    assert "Thief" not in second
    assert mailbox.kinds() == ["phrase_changed"] * 2


def test_everything_at_once_is_told_to_the_old_address(quiet: SignedIn, mailbox: Mailbox) -> None:
    """A thief who changes all in one go cannot keep the owner from hearing of it."""
    body = {"new_email": "thief@example.net", "new_password": NEW_PASSWORD, "phrase": "Thief's own words"}
    quiet.call("PUT", "/user/update", {**body, "current_password": PASSWORD})

    assert sorted(mailbox.kinds(quiet.person.email)) == ["email_moved_away", "password_changed", "phrase_changed"]


@pytest.mark.asvs("6.3.7")
def test_a_deleted_account(quiet: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """All its mails go with it but the one that says so, and that is erased once it is out."""
    quiet.post("/email/verification")
    quiet.post("/user/delete", {"confirm": True, "current_password": PASSWORD})
    waiting = sql("SELECT kind, user_id FROM mails WHERE content IS NOT NULL")

    assert waiting == [("account_deleted", None)]
    assert mailbox.kinds() == ["account_deleted"]
    assert links_of(mailbox.last(quiet.person.email)) == {}
    assert sql("SELECT state, content FROM mails WHERE kind = 'account_deleted'") == [("sent", None)]


def test_a_deletion_that_cannot_be_told_is_forgotten(api: TestClient, quiet: SignedIn, sql: RunSql) -> None:
    """After 72 hours nothing about somebody who left is kept, delivered or not."""
    quiet.post("/user/delete", {"confirm": True, "current_password": PASSWORD})
    sql("UPDATE mails SET created_at = :then", then=_ago(hours=73))
    api.portal.call(sweep, api.app.state.resources)  # type: ignore[union-attr, attr-defined]  # the test client's own

    assert sql("SELECT kind, state, content FROM mails") == [("account_deleted", "dead", None)]


def _ago(**time: int) -> str:
    """Return a moment so long ago, as the database writes it."""
    return f"{datetime.now(UTC) - timedelta(**time):%Y-%m-%d %H:%M:%S.%f}"


def test_people_hear_of_their_own_accounts_only(api: TestClient, quiet: SignedIn, mailbox: Mailbox) -> None:
    """What happens to one account is told to its owner and to nobody else."""
    bob: Person = register(api, "bob")
    sign_in(api, bob).call("PUT", "/user/update", {"phrase": "Blue herons at dawn"})

    assert mailbox.kinds(quiet.person.email) == []
    assert mailbox.kinds(bob.email) == ["verify_email", "phrase_changed"]


@pytest.mark.asvs("2.4.1")
def test_a_stranger_s_mailbox_is_not_flooded(user: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """Whoever registers somebody else's address gets ten mails an hour to it, whatever they do there."""
    for number in range(8):
        assert user.update(phrase=f"Number {number}", username=f"alice{number}").status_code == 200
        let_a_minute_pass(sql, mailbox)
    for _ in range(8):
        user.post("/email/verification")
    kinds = mailbox.kinds()

    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "phrase_changed": 3,
        "username_changed": 2,
        "verify_email": 5,
    }


def test_a_confirmed_mailbox_hears_of_everything(quiet: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """At once of the first change, and a minute later of all that followed: none is hidden behind others."""
    for number in range(8):
        quiet.update(phrase=f"Number {number}")
    at_once = mailbox.kinds()
    let_a_minute_pass(sql, mailbox)
    first, second = mailbox.read(kind="phrase_changed")

    assert at_once == ["phrase_changed"]
    assert "more change" not in text_of(first)
    assert "And 6 more changes of this kind followed." in text_of(second)


@pytest.mark.asvs("2.4.1")
@pytest.mark.parametrize("settings_changes", [{}, {"prevent_enumeration": True}])
def test_accounts_that_come_and_go_are_no_way_around(api: TestClient, mailbox: Mailbox, sql: RunSql) -> None:
    """A mailbox is counted by its address, for an account that is deleted takes its own counts along."""
    for _ in range(8):
        person = register(api)
        sql("UPDATE users SET email_verified_at = created_at")  # only to sign in where that is asked for
        user = sign_in(api, person)
        mailbox.read()
        sql("UPDATE users SET email_verified_at = NULL")
        user.post("/user/delete", {"confirm": True, "current_password": PASSWORD})
        let_a_minute_pass(sql, mailbox)

    assert {kind: mailbox.kinds().count(kind) for kind in ("verify_email", "account_deleted")} == {
        "verify_email": 5,
        "account_deleted": 5,
    }
