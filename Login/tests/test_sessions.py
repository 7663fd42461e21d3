"""Sessions: what ends them, one query a call, freshness, devices."""

import time

import pytest
from starlette.testclient import TestClient

from app import auth
from app.config import Settings
from app.secrets.keys import make_keyrings
from testing.ageing import age
from testing.api import PASSWORD, MakeStale, Person, RunSql, SignedIn, register, sign_in
from testing.statements import noting_statements

# --- what ends a session -----------------------------------------------------------------------------------------


@pytest.mark.asvs("7.4.1", "7.2.1")
def test_logout_kills_both_tokens_at_once(user: SignedIn, other_device: SignedIn) -> None:
    """After logging out, neither token works, and the other device stays signed in."""
    assert user.post("/logout").status_code == 200

    assert user.get("/user/profile").json()["code"] == "session_ended"
    assert user.refresh().json()["code"] == "session_ended"
    assert other_device.get("/user/profile").status_code == 200


@pytest.mark.asvs("7.4.2", "8.3.2")
def test_disabling_an_account_bites_on_the_next_call(user: SignedIn, sql: RunSql, api: TestClient) -> None:
    """A disabled person is out at once, cannot refresh, and learns why only with the right password."""
    sql("UPDATE users SET disabled_at = '2026-01-01 00:00:00'")

    assert user.get("/user/profile").json()["code"] == "session_ended"
    assert user.refresh().json()["code"] == "session_ended"
    right, wrong = (
        api.post("/login", json={"email": user.person.email, "password": password}).json()["code"]
        for password in (PASSWORD, "not the password")
    )
    assert (right, wrong) == ("account_disabled", "invalid_credentials")


@pytest.mark.asvs("7.3.2", "10.4.8")
def test_refreshing_never_moves_the_end(user: SignedIn, sql: RunSql) -> None:
    """A session ends when it was to end, however often it is refreshed."""
    before = user.get("/user/account").json()["session"]["expires_at"]
    user.refresh()

    assert user.get("/user/account").json()["session"]["expires_at"] == before
    age(sql, "expires_at", seconds=86_500)
    assert user.get("/user/profile").json()["code"] == "session_ended"
    assert user.refresh().json()["code"] == "session_ended"


@pytest.mark.asvs("7.3.1")
def test_an_unused_session_ends(user: SignedIn, sql: RunSql) -> None:
    """A session that nobody used for the idle limit is over."""
    age(sql, "last_seen_at", seconds=86_500)

    assert user.get("/user/profile").json()["code"] == "session_ended"
    assert user.get("/user/sessions").status_code == 401


@pytest.mark.parametrize("settings_changes", [{"session_idle_minutes": 20}])
def test_using_a_session_keeps_it_from_idling_out(user: SignedIn, sql: RunSql) -> None:
    """Calls count as use, so that only a pause longer than the idle limit ends a session."""
    for _ in range(3):
        age(sql, "last_seen_at", 15 * 60)
        assert user.get("/user/profile").status_code == 200
    age(sql, "last_seen_at", 20 * 60)

    assert user.get("/user/profile").json()["code"] == "session_ended"


def test_an_expired_access_token_says_so(user: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An access token ends after half an hour, the answer says why, and a refresh mends it."""
    end = time.time() + 1801
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: end)
        expired = user.get("/user/profile")
    user.refresh()

    assert (expired.status_code, expired.json()["code"]) == (401, "token_expired")
    assert expired.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert user.get("/user/profile").status_code == 200


# --- one query ---------------------------------------------------------------------------------------------------

# With it, prepared statements go through SQLAlchemy too, whose events count all of them.
ECHO = pytest.mark.parametrize("settings_changes", [{"sql_echo": True}])


@ECHO
def test_an_authenticated_call_is_one_query(user: SignedIn) -> None:
    """Account and session are loaded together, and nothing else is asked."""
    user.get("/user/profile")
    with noting_statements() as statements:
        assert user.get("/user/profile").status_code == 200

    assert len(statements) == 1, statements


@ECHO
@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/user/account", 0),
        ("GET", "/totp/status", 0),
        ("GET", "/user/sessions", 1),
        ("DELETE", "/user/sessions", 3),
        ("DELETE", "/user/sessions/unknown", 1),
        ("POST", "/logout", 2),
    ],
)
def test_every_guarantee_comes_from_that_one_query(user: SignedIn, method: str, path: str, more: int) -> None:
    """Who calls is looked up once, fresh or not; what else is sent is the call's own work."""
    user.call(method, path)
    user = sign_in(user.http, user.person)
    with noting_statements() as statements:
        user.call(method, path)
    work = [statement for statement in statements if not statement.startswith("BEGIN")]

    assert sum("JOIN users" in statement for statement in work) == 1
    assert len(work) == 1 + more, work


def test_last_seen_is_written_at_most_every_five_minutes(user: SignedIn, sql: RunSql) -> None:
    """Reading costs no write, until five minutes have passed."""
    before = sql("SELECT last_seen_at FROM sessions")
    user.get("/user/profile")
    unchanged = sql("SELECT last_seen_at FROM sessions")
    age(sql, "last_seen_at", seconds=301)
    user.get("/user/profile")

    assert before == unchanged
    assert sql("SELECT last_seen_at FROM sessions")[0][0] > before[0][0]


def test_a_database_that_cannot_write_can_still_be_read(user: SignedIn, sql: RunSql, settings: Settings) -> None:
    """Noting that a session is in use is no reason to refuse what needs no write (a full disk, a replica)."""
    failure = "INSERT INTO nowhere VALUES (1)"
    if settings.database_url.get_secret_value().startswith("mariadb"):
        failure = "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'"
    age(sql, "last_seen_at", seconds=301)
    sql(f"CREATE TRIGGER full_disk BEFORE UPDATE ON sessions FOR EACH ROW BEGIN {failure}; END")
    try:
        answers = [user.get("/user/profile"), user.get("/user/sessions"), user.refresh()]
    finally:
        sql("DROP TRIGGER full_disk")

    assert [answer.status_code for answer in answers] == [200, 200, 503]
    assert user.refresh().status_code == 200


# --- remember me -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("remember", "days"), [(True, 30), (False, 1)])
def test_remember_me_lengthens_the_session_and_not_the_access_token(
    api: TestClient, alice: Person, settings: Settings, remember: bool, days: int
) -> None:
    """The flag survives rotation; access tokens stay short."""
    user = sign_in(api, alice, remember_me=remember)
    user.refresh()
    ring = make_keyrings(settings.signing_secrets, []).tokens
    access = auth.decode_token("access", user.access_token, ring)
    refresh = auth.decode_token("refresh", user.refresh_token, ring)
    session = user.get("/user/account").json()["session"]

    assert access["exp"] - access["iat"] == 1800
    assert refresh["exp"] - refresh["iat"] == pytest.approx(days * 86_400, abs=5)
    assert (session["remember_me"], refresh["rem"]) == (remember, remember)


# --- freshness ---------------------------------------------------------------------------------------------------


@pytest.mark.asvs("7.5.3")
def test_a_refresh_never_makes_a_session_fresh(user: SignedIn, make_session_stale: MakeStale) -> None:
    """Only a password (and code) does, for five minutes."""
    make_session_stale()
    user.refresh()

    assert user.call("DELETE", "/user/sessions").json()["code"] == "reauthentication_required"
    assert user.post("/reauthenticate", {"current_password": "not the password"}).status_code == 400
    assert user.call("DELETE", "/user/sessions").status_code == 403
    assert user.reauthenticate().status_code == 200
    assert user.call("DELETE", "/user/sessions").status_code == 200


def test_freshness_lasts_five_minutes(user: SignedIn, sql: RunSql) -> None:
    """Just under five minutes after signing in a session is fresh, just over it is not."""
    age(sql, "authenticated_at", seconds=295)
    under = user.call("DELETE", "/user/sessions").status_code
    age(sql, "authenticated_at", seconds=6)
    over = user.call("DELETE", "/user/sessions").status_code

    assert (under, over) == (200, 403)


@pytest.mark.asvs("7.5.3")
def test_reauthentication_asks_for_the_code_too(user_with_totp: SignedIn, make_session_stale: MakeStale) -> None:
    """With a second factor, a password alone makes nothing fresh."""
    make_session_stale()
    without = user_with_totp.post("/reauthenticate", {"current_password": PASSWORD})
    right = user_with_totp.post("/reauthenticate", {"current_password": PASSWORD, "totp": user_with_totp.code()})

    assert (without.json()["code"], right.status_code) == ("totp_required", 200)


def test_a_new_password_keeps_freshness_as_it_was(user: SignedIn, make_session_stale: MakeStale) -> None:
    """Changing the password with the password alone is no new sign-in."""
    make_session_stale()
    body = {"new_password": "a quite different one", "current_password": PASSWORD}
    user.access_token = user.call("PUT", "/user/update", body).json()["access_token"]

    assert user.call("DELETE", "/user/sessions").json()["code"] == "reauthentication_required"


# --- the list ----------------------------------------------------------------------------------------------------


@pytest.mark.asvs("7.4.5", "7.5.2")
def test_the_list_names_devices_and_marks_this_one(user: SignedIn, other_device: SignedIn) -> None:
    """Each live session is listed in plain words, and nobody else's."""
    register(user.http, "bob")
    listed = user.get("/user/sessions").json()

    assert len(listed) == 2
    assert [session["current"] for session in listed].count(True) == 1
    assert {session["label"] for session in listed} == {"Firefox on Linux"}
    assert {session["client_address"] for session in listed} == {"127.0.0.1"}
    assert other_device.get("/user/sessions").json()[0]["id"] in {session["id"] for session in listed}


@pytest.mark.asvs("7.5.2", "7.4.3", "10.4.9")
def test_one_session_or_all_others_can_be_ended(user: SignedIn, other_device: SignedIn) -> None:
    """A person ends a lost device's session, or all but this; an ended one is gone from the list."""
    third = sign_in(user.http, user.person)
    other_id = next(s["id"] for s in other_device.get("/user/sessions").json() if s["current"])

    assert user.call("DELETE", f"/user/sessions/{other_id}").status_code == 200
    assert other_device.get("/user/profile").json()["code"] == "session_ended"
    assert third.get("/user/profile").status_code == 200
    assert user.call("DELETE", "/user/sessions").json() == {"message": "1 other session ended."}
    assert third.get("/user/profile").json()["code"] == "session_ended"
    assert [session["current"] for session in user.get("/user/sessions").json()] == [True]


@pytest.mark.asvs("8.2.2")
def test_nobody_ends_somebody_elses_session(api: TestClient, user: SignedIn) -> None:
    """A session id of another person is as unknown as any other."""
    bob = sign_in(api, register(api, "bob"))
    bobs = bob.get("/user/sessions").json()[0]["id"]
    answers = [user.call("DELETE", f"/user/sessions/{sid}") for sid in (bobs, "unknown", "%00", "a" * 500)]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "session_not_found")}
    assert bob.get("/user/profile").status_code == 200
