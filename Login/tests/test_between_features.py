"""Attacks that go between two features: each of them succeeded once, over HTTP, with the mails read as files."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.ageing import let_a_minute_pass
from testing.api import PASSWORD, MakeStale, Person, RunSql, SignedIn, enable_totp, register, sign_in
from testing.mail import Mailbox, links_of, text_of

NEW_PASSWORD = "a quite different one"
VICTIM = "victim@example.net"
BACK, RESET, VERIFY, PAGE = "/email/revert", "/password/reset", "/email/verify", "/account/disown"


def ask(api: Any, email: str) -> None:
    """Ask for a new password."""
    assert api.post("/password/reset", json={"email": email}).status_code == 200


def reset(api: Any, token: str) -> Any:
    """Choose a new password by a link's token."""
    return api.post("/password/reset/confirm", json={"token": token, "new_password": NEW_PASSWORD})


def disown(api: Any, token: str) -> Any:
    """Say that it was somebody else, by a link's token."""
    return api.post("/account/disown", json={"token": token})


@pytest.fixture
def proved(user: SignedIn, mailbox: Mailbox) -> SignedIn:
    """Give somebody signed in whose mailbox is confirmed, and empty."""
    mailbox.confirm(user.http, user.person)
    return user


@pytest.fixture
def parked(api: TestClient, proved: SignedIn, mailbox: Mailbox) -> SignedIn:
    """Give an attacker who has moved an account of theirs to the victim's address, at once and unconfirmed."""
    assert proved.update(new_email=VICTIM).status_code == 200
    return proved


# --- the mailbox ---------------------------------------------------------------------------------------------------


@pytest.mark.asvs("6.3.7")
def test_whoever_mistyped_an_address_leaves_nothing_there(user: SignedIn, mailbox: Mailbox, api: TestClient) -> None:
    """The stranger at the wrong mailbox hears that it is over: without link, name or the right address."""
    stranger = user.person.email
    early = links_of(mailbox.last(stranger))
    user.update(new_email="alice@example.org", phrase="Blue herons at dawn")
    last = mailbox.last(stranger)
    answers = [
        api.post("/email/verify", json={"token": early[VERIFY]}),
        disown(api, early[PAGE]),
        api.post("/register", json={"email": stranger, "password": PASSWORD}),
    ]

    assert (links_of(last), "example.org" in text_of(last), "herons" in text_of(last)) == ({}, False, False)
    assert [answer.status_code for answer in answers] == [400, 400, 200]
    assert user.get("/user/profile").json()["email"] == "alice@example.org"


@pytest.mark.asvs("6.4.3")
def test_nobody_lives_in_an_account_that_its_maker_can_take_back(
    api: TestClient, parked: SignedIn, mailbox: Mailbox
) -> None:
    """A reset at an address that an account was moved to gives no password; the account goes, the address is free."""
    taken = api.post("/register", json={"email": VICTIM, "password": PASSWORD})
    ask(api, VICTIM)
    freed = disown(api, mailbox.token(PAGE, VICTIM, "password_reset_elsewhere"))
    own = api.post("/register", json={"email": VICTIM, "password": NEW_PASSWORD})
    back = api.post("/email/revert", json={"token": mailbox.token(BACK, parked.person.email)})

    assert (taken.json()["code"], freed.status_code, own.status_code) == ("email_taken", 200, 200)
    assert RESET not in {path for mail in mailbox.read(VICTIM) for path in links_of(mail)}
    assert back.json()["code"] == "link_invalid"
    victim = sign_in(api, Person(VICTIM, None, NEW_PASSWORD))
    assert victim.get("/user/account").json()["user_id"] == own.json()["user_id"]


@pytest.mark.asvs("6.4.3")
def test_a_notice_gives_the_account_no_more_than_a_reset_does(
    api: TestClient, parked: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """Whatever the attacker does there meanwhile: the way to a new password goes to the address that was proved."""
    parked.update(phrase="Lovely place")
    disown(api, mailbox.token(PAGE, VICTIM, "phrase_changed"))

    assert parked.get("/user/profile").status_code == 401
    assert RESET not in {path for mail in mailbox.read(VICTIM) for path in links_of(mail)}
    assert mailbox.kinds(parked.person.email)[-1] == "account_rescue"
    assert sql("SELECT email, phrase FROM users") == [(VICTIM, None)]


@pytest.mark.asvs("6.4.3")
@pytest.mark.parametrize("token_of", [PAGE, VERIFY])
def test_the_new_address_can_take_itself_off(
    api: TestClient, parked: SignedIn, mailbox: Mailbox, sql: RunSql, token_of: str
) -> None:
    """By the mail that told of the move, whichever of its links the page has."""
    answer = disown(api, mailbox.token(token_of, VICTIM, "email_changed_unverified"))

    assert answer.status_code == 200
    assert sql("SELECT email FROM users") == [(parked.person.email,)]
    assert mailbox.kinds(VICTIM)[-1] == "email_left"


@pytest.mark.asvs("6.4.3")
def test_a_thief_who_moved_the_account_gets_no_password_by_mail(
    api: TestClient, parked: SignedIn, mailbox: Mailbox
) -> None:
    """The owner does: the former address, which was proved, resets the password and has the account again."""
    ask(api, VICTIM)
    thief = [path for mail in mailbox.read(VICTIM) for path in links_of(mail)]
    ask(api, parked.person.email)
    answer = reset(api, mailbox.token(RESET, parked.person.email))
    owner = sign_in(api, Person(parked.person.email, None, NEW_PASSWORD))

    assert (RESET in thief, answer.status_code) == (False, 200)
    assert parked.get("/user/profile").status_code == 401
    assert owner.get("/user/account").json()["email_verified"] is True


@pytest.mark.asvs("6.4.3")
def test_after_72_hours_the_new_address_has_the_authority(
    api: TestClient, parked: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """Nobody who moves on is shut out for good."""
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00'")
    ask(api, VICTIM)

    assert reset(api, mailbox.token(RESET, VICTIM)).status_code == 200


@pytest.mark.asvs("6.4.3")
def test_an_account_that_never_proved_a_mailbox_is_whoever_s_proves_it_first(
    api: TestClient, user: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """A stranger has registered the address and switched a factor on: a reset ends all that was set before."""
    user.update(phrase="The stranger's words")
    enable_totp(user)
    user.update(new_email="elsewhere@example.org", totp=user.code())
    user.update(new_email=user.person.email, totp=user.recovery_codes[0])
    ask(api, user.person.email)
    answer = reset(api, mailbox.token(RESET, user.person.email))
    owner = sign_in(api, Person(user.person.email, None, NEW_PASSWORD)).get("/user/account").json()

    assert answer.status_code == 200
    assert user.get("/user/profile").status_code == 401
    assert (owner["email_verified"], owner["totp_enabled"], owner["phrase_is_default"]) == (True, False, True)
    left = [sql(f"SELECT count(*) FROM {table}") for table in ("recovery_codes", "totp_enrolments")]  # noqa: S608 ours
    assert left == [[(0,)], [(0,)]]
    assert sql("SELECT purpose FROM one_time_tokens") == [("disown",)]  # of the notice just sent


def test_the_first_mail_says_who_opened_the_account(api: TestClient, mailbox: Mailbox) -> None:
    """When and from where, nothing that a stranger has chosen, and the words "it was not me" beside it."""
    api.post(
        "/register",
        json={"email": VICTIM, "username": "evil-example", "password": PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.7"},
    )
    text, links = text_of(mailbox.last(VICTIM)), links_of(mailbox.last(VICTIM))
    looked = api.post("/link/look", json={"token": links[VERIFY]}).json()
    disowned = disown(api, links[VERIFY])

    assert "Where: 203.0.113.7, Firefox on Linux" in text
    assert "evil" not in text
    assert (looked["purpose"], looked["email"], looked["opened_from"]) == (
        "verify",
        VICTIM,
        "203.0.113.7, Firefox on Linux",
    )
    assert disowned.status_code == 200
    assert reset(api, mailbox.token(RESET, VICTIM)).status_code == 200


@pytest.mark.asvs("6.3.3")
@pytest.mark.parametrize("settings_changes", [{"smtp_host": "127.0.0.1"}])
def test_a_second_factor_wants_a_confirmed_address_where_mail_is_delivered(user: SignedIn, sql: RunSql) -> None:
    """Else it would shut out whoever that mailbox belongs to."""
    refused = user.post("/totp/enable/start")
    sql("UPDATE users SET email_verified_at = created_at")

    assert (refused.status_code, refused.json()["code"]) == (403, "email_confirmation_required")
    assert user.post("/totp/enable/start").status_code == 200


@pytest.mark.parametrize("settings_changes", [{"smtp_host": "127.0.0.1"}])
def test_a_new_address_waits_for_its_mailbox_where_mail_is_delivered(user: SignedIn) -> None:
    """Without a word in the settings; and it is reserved for nobody meanwhile."""
    answer = user.update(new_email=VICTIM)

    assert "Open the link" in answer.json()["message"]
    assert user.get("/user/profile").json()["email"] == user.person.email
    assert user.http.post("/register", json={"email": VICTIM, "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("settings_changes", [{"smtp_host": "127.0.0.1", "email_change_requires_verification": False}])
def test_an_address_beside_a_second_factor_is_always_proved(user: SignedIn, sql: RunSql) -> None:
    """Also where the settings let addresses change at once."""
    sql("UPDATE users SET email_verified_at = created_at")
    enable_totp(user).update(new_email=VICTIM)

    assert user.get("/user/profile").json()["email"] == user.person.email


# --- what a notice told --------------------------------------------------------------------------------------------


@pytest.mark.asvs("6.4.4")
def test_a_thief_s_second_factor_goes_with_this_was_not_me(api: TestClient, proved: SignedIn, mailbox: Mailbox) -> None:
    """The owner gets back in by the mailbox alone: the factor is taken back with the notice that told of it."""
    enable_totp(proved)
    disown(api, mailbox.token(PAGE, kind="totp_enabled"))
    reset(api, mailbox.token(RESET))
    owner = sign_in(api, Person(proved.person.email, None, NEW_PASSWORD))

    assert owner.get("/totp/status").json() == {
        "enabled": False,
        "recovery_codes_left": 0,
        "recovery_codes_saved": True,
    }


@pytest.mark.asvs("6.4.3")
def test_an_older_factor_stays(api: TestClient, proved: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """After 72 hours the notice takes nothing back, and no other notice touches the factor."""
    enable_totp(proved)
    token = mailbox.token(PAGE, kind="totp_enabled")
    sql("UPDATE one_time_tokens SET expires_at = '2020-01-01 00:00:00'")
    proved.update(phrase="Blue herons at dawn")
    answers = [disown(api, token), disown(api, mailbox.token(PAGE, kind="phrase_changed"))]

    assert [answer.status_code for answer in answers] == [400, 200]
    assert sql("SELECT count(*) FROM users WHERE totp_secret IS NOT NULL") == [(1,)]


@pytest.mark.asvs("6.3.7")
def test_username_phrase_and_codes_are_told_and_taken_back(
    api: TestClient, proved: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """In the old words; nobody takes the name meanwhile; what cannot come back says what to do instead."""
    proved.update(phrase="Blue herons at dawn")
    let_a_minute_pass(sql, mailbox)
    mailbox.empty()
    proved.update(phrase="Thief's own words", username="thief")
    enable_totp(proved)
    codes = proved.post("/totp/recovery-codes").json()["recovery_codes"]
    grabbed = api.post("/register", json={"email": VICTIM, "username": "ALICE", "password": PASSWORD})
    kinds = ("phrase_changed", "username_changed", "recovery_codes_made")
    tokens = [mailbox.token(PAGE, kind=kind) for kind in kinds]
    texts = [text_of(mailbox.last(kind=kind)) for kind in kinds[:2]]
    for token in tokens:
        assert disown(api, token).status_code == 200

    assert grabbed.json()["code"] == "username_taken"
    assert all("Hello alice,\n\nYour phrase: Blue herons at dawn" in text for text in texts)
    assert sql("SELECT username, username_key, phrase FROM users") == [("alice", "alice", "Blue herons at dawn")]
    body = {"email": proved.person.email, "password": PASSWORD, "totp": codes[0]}
    assert api.post("/login", json=body).json()["code"] == "totp_invalid"


def test_a_factor_switched_off_says_what_to_do(proved: SignedIn, mailbox: Mailbox) -> None:
    """It cannot be taken back: its secret is gone."""
    enable_totp(proved).post("/totp/disable")

    assert "cannot be taken back" in text_of(mailbox.last(kind="totp_disabled"))


# --- the code ------------------------------------------------------------------------------------------------------


@pytest.mark.asvs("7.5.1")
@pytest.mark.parametrize("wish", [{"new_email": VICTIM}, {"new_password": NEW_PASSWORD}])
def test_a_new_address_or_password_wants_the_code(
    user_with_totp: SignedIn, make_session_stale: MakeStale, wish: dict[str, str]
) -> None:
    """A thief with a session and the password has one factor only; in a fresh session the code was given already."""
    make_session_stale()
    without, wrong = user_with_totp.update(**wish), user_with_totp.update(**wish, totp="000000")
    right = user_with_totp.update(**wish, totp=user_with_totp.code())

    assert [answer.json().get("code") for answer in (without, wrong)] == ["totp_required", "totp_invalid"]
    assert right.status_code == 200


@pytest.mark.asvs("7.5.1")
def test_a_fresh_session_has_given_the_code(user_with_totp: SignedIn, make_session_stale: MakeStale) -> None:
    """Proving again, with the code, is enough for five minutes."""
    make_session_stale()
    user_with_totp.reauthenticate(totp=user_with_totp.code())

    assert user_with_totp.update(new_password=NEW_PASSWORD).status_code == 200


@pytest.mark.asvs("7.2.4")
def test_copied_tokens_do_not_become_fresh_with_their_owner(user: SignedIn, make_session_stale: MakeStale) -> None:
    """Proving again opens a session in the old one's place: whoever holds a copy of its tokens is out."""
    make_session_stale()
    thief = SignedIn(user.http, user.person, user.access_token, user.refresh_token)
    before = user.get("/user/account").json()["session"]
    user.reauthenticate()
    after = user.get("/user/account").json()["session"]

    assert thief.get("/user/profile").json()["code"] == "session_ended"
    assert thief.refresh().status_code == 401
    assert before["id"] != after["id"]
    assert [before[name] for name in ("created_at", "expires_at")] == [
        after[name] for name in ("created_at", "expires_at")
    ]
    assert user.call("DELETE", "/user/sessions").status_code == 200


def test_a_set_up_that_was_begun_goes_on_after_proving_again(user: SignedIn) -> None:
    """The session that started it is followed by the fresh one."""
    secret = user.post("/totp/enable/start").json()["secret"]
    user.reauthenticate()

    assert user.post("/totp/enable/start").json()["secret"] == secret


# --- the pace ------------------------------------------------------------------------------------------------------


@pytest.mark.asvs("2.4.1")
def test_accounts_that_move_and_go_do_not_flood_a_stranger(api: TestClient, mailbox: Mailbox) -> None:
    """Made, moved to a stranger's address and deleted, one after the other: ten mails an hour, in our words alone."""
    for number in range(12):
        user = sign_in(api, register(api, f"mallory{number}", username=f"evil{number}"))
        user.update(new_email=VICTIM, phrase="evil words")
        user.post("/email/verification")
        user.post("/user/delete", {"confirm": True, "current_password": PASSWORD})
    mails = mailbox.read(VICTIM)

    assert len(mails) <= 10
    assert not [mail for mail in mails if "evil" in text_of(mail) or "mallory" in text_of(mail)]


@pytest.mark.asvs("2.4.1")
def test_many_changes_are_two_mails_behind_everybody_s_links(
    api: TestClient, proved: SignedIn, mailbox: Mailbox, sql: RunSql
) -> None:
    """Eighty-seven changes of a phrase: one notice at once, one a minute later; and somebody's reset goes first."""
    bob = register(api, "bob")
    mailbox.empty()
    for number in range(87):
        headers = {"Authorization": f"Bearer {proved.access_token}", "X-Forwarded-For": f"203.0.113.{number}"}
        assert api.put("/user/update", json={"phrase": f"Number {number}"}, headers=headers).status_code == 200
    ask(api, bob.email)
    order = [kind for (kind,) in sql("SELECT kind FROM mails WHERE state = 'queued' ORDER BY urgent DESC, next_try_at")]
    at_once = mailbox.kinds()
    let_a_minute_pass(sql, mailbox)

    assert order == ["reset_request", "phrase_changed", "phrase_changed"]
    assert sorted(at_once) == ["password_reset", "phrase_changed"]
    assert "And 85 more changes of this kind followed." in text_of(mailbox.last(kind="phrase_changed"))
    assert sql("SELECT count(*) FROM one_time_tokens WHERE event = 'phrase.changed'") == [(2,)]


@pytest.mark.asvs("2.4.1")
def test_resets_and_rescues_are_five_an_hour_together(api: TestClient, proved: SignedIn, mailbox: Mailbox) -> None:
    """Whoever asks for resets in somebody's name leaves room for "this was not me"."""
    for number in range(3):
        proved.update(username=f"alice-{number}")
    token = mailbox.token(PAGE, kind="username_changed")
    for _ in range(8):
        ask(api, proved.person.email)
    mailbox.read()
    disown(api, token)

    assert sorted(set(mailbox.kinds())) == ["account_rescue", "password_reset", "username_changed"]
    assert (mailbox.kinds().count("password_reset"), mailbox.kinds().count("account_rescue")) == (4, 1)
