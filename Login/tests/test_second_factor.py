"""Signing in with a code: each works once, in one step or two, and only an owner switches it off."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx2
import pytest
from starlette.testclient import TestClient

from app import auth
from app.clients.addresses import Client
from app.config import Settings
from app.resources import make_resources
from app.schemas import LoginRequest
from app.secrets.keys import make_keyrings
from app.services import logins as services
from testing.api import (
    PASSWORD,
    MakeStale,
    Person,
    RunSql,
    SignedIn,
    StartApi,
    enable_totp,
    register,
    sign_in,
)
from testing.loops import finish
from testing.mail import Mailbox


def log_in(http: object, person: Person, **more: object) -> httpx2.Response:
    """Try to sign in."""
    body = {"email": person.email, "password": person.password, **more}
    return http.post("/login", json=body)  # type: ignore[attr-defined,no-any-return]  # a client of either library


@pytest.mark.asvs("6.3.3", "2.3.1")
def test_login_asks_for_the_code_only_after_a_right_password(api: TestClient, user_with_totp: SignedIn) -> None:
    """A stranger does not learn that there is a second factor."""
    person = user_with_totp.person
    wrong = api.post("/login", json={"email": person.email, "password": "not the password"})
    without = log_in(api, person)
    bad = log_in(api, person, totp="000000")
    right = log_in(api, person, totp=user_with_totp.code())

    assert wrong.json()["code"] == "invalid_credentials"
    assert (without.status_code, without.json()["code"]) == (400, "totp_required")
    assert (bad.status_code, bad.json()["code"]) == (400, "totp_invalid")
    assert right.status_code == 200


@pytest.mark.asvs("6.5.1")
def test_a_code_works_once_wherever_it_was_used(api: TestClient, user: SignedIn) -> None:
    """The code that confirmed is spent, and so is one that signed in, by either identifier and at every place."""
    enable_totp(user, steps=0)
    person = user.person
    replayed = log_in(api, person, totp=user.code())
    assert log_in(api, person, totp=user.code(1)).status_code == 200
    used = {"current_password": PASSWORD, "totp": user.code(1)}

    assert replayed.json()["code"] == "totp_invalid"
    by_name = api.post("/login", json={"username": person.username, "password": PASSWORD, "totp": user.code(1)})
    assert by_name.json()["code"] == "totp_invalid"
    assert user.post("/reauthenticate", used).json()["code"] == "totp_invalid"
    assert user.post("/totp/disable", used).json()["code"] == "totp_invalid"
    assert user.post("/user/delete", {**used, "confirm": True}).json()["code"] == "totp_invalid"


@pytest.mark.asvs("6.5.1", "15.4.2")
@pytest.mark.parametrize("kind", ["totp", "recovery"])
def test_eight_logins_at_once_with_one_code_give_one(start_api: StartApi, kind: str) -> None:
    """A conditional UPDATE decides: of eight parallel logins with one code a single one succeeds."""
    server = start_api(workers=2)
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        user = enable_totp(sign_in(http, register(http)))
        code, barrier = user.code() if kind == "totp" else user.recovery_codes[3], Barrier(8)

        def attempt(_number: int) -> int:
            barrier.wait()
            return log_in(http, user.person, totp=code).status_code

        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(attempt, range(8)))

    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 429}


@pytest.mark.asvs("6.5.8")
@pytest.mark.parametrize("steps", [-10, -3, 3, 10])
def test_a_clock_that_is_off_is_named_and_still_refused(api: TestClient, user_with_totp: SignedIn, steps: int) -> None:
    """A code of minutes away tells the person to look at their clock, never by how much it is off."""
    answer = log_in(api, user_with_totp.person, totp=user_with_totp.code(steps))

    assert (answer.status_code, answer.json()["code"], answer.json()["clock_off"]) == (400, "totp_invalid", True)
    assert "clock" in answer.json()["detail"]
    assert not any(character.isdigit() for character in answer.json()["detail"])


@pytest.mark.asvs("6.3.8")
def test_a_clock_that_is_off_is_named_at_known_addresses_only(api: TestClient, user_with_totp: SignedIn) -> None:
    """Whoever guesses from elsewhere is told no more than that the code is wrong, and it counts as it does at home."""
    body = {"email": user_with_totp.person.email, "password": PASSWORD, "totp": user_with_totp.code(5)}
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    guess, wrong = (
        api.post("/login", json={**body, "totp": code}, headers=elsewhere).json() for code in (body["totp"], "000000")
    )
    at_home = api.post("/login", json=body).json()

    assert guess == wrong
    assert (guess["code"], "clock_off" in guess) == ("totp_invalid", False)
    assert at_home["clock_off"] is True


def test_a_code_of_hours_away_is_just_wrong(api: TestClient, user_with_totp: SignedIn) -> None:
    """Beyond five minutes nothing is said about clocks."""
    answer = log_in(api, user_with_totp.person, totp=user_with_totp.code(11))

    assert answer.json()["code"] == "totp_invalid"
    assert "clock_off" not in answer.json()


@pytest.mark.asvs("7.5.1")
def test_disable_needs_freshness_or_both_fields(user_with_totp: SignedIn, make_session_stale: MakeStale) -> None:
    """The seed's empty body works in a fresh session; a stale one is asked for password and code."""
    user = user_with_totp
    make_session_stale()
    codes = [
        user.post("/totp/disable", body).json()["code"]
        for body in (None, {}, {"totp": user.code()}, {"current_password": PASSWORD}, {"current_password": "wrong one"})
    ]

    assert codes == ["reauthentication_required"] * 3 + ["totp_required", "current_password_invalid"]
    assert user.post("/totp/disable", {"current_password": PASSWORD, "totp": user.code()}).status_code == 200
    assert user.get("/totp/status").json() == {"enabled": False, "recovery_codes_left": 0, "recovery_codes_saved": True}
    assert user.post("/totp/disable").json()["code"] == "totp_not_enabled"


def test_a_proof_from_the_future_is_none(user_with_totp: SignedIn, sql: RunSql) -> None:
    """A clock that was ahead keeps no session fresh for longer than five minutes."""
    sql("UPDATE sessions SET authenticated_at = '2050-01-01 00:00:00'")

    assert user_with_totp.post("/totp/disable").json()["code"] == "reauthentication_required"


def test_an_empty_body_disables_in_a_fresh_session(api: TestClient, user_with_totp: SignedIn) -> None:
    """As the seed says, right after signing in; afterwards the password alone signs in and old codes are gone."""
    assert user_with_totp.post("/totp/disable").status_code == 200
    assert log_in(api, user_with_totp.person).status_code == 200
    assert enable_totp(user_with_totp).get("/totp/status").json()["recovery_codes_left"] == 10


@pytest.mark.asvs("6.4.3")
def test_changing_password_and_email_keeps_the_factor(api: TestClient, user_with_totp: SignedIn) -> None:
    """No change of the other factor removes this one."""
    user = user_with_totp
    body = {"new_password": "a quite different one", "new_email": "alice@example.org", "current_password": PASSWORD}
    assert user.call("PUT", "/user/update", body).status_code == 200
    person = Person("alice@example.org", None, "a quite different one")

    assert log_in(api, person).json()["code"] == "totp_required"
    assert log_in(api, person, totp=user.code()).status_code == 200


@pytest.mark.asvs("6.3.4")
def test_two_steps_sign_in(api: TestClient, user_with_totp: SignedIn) -> None:
    """The first step's token and a code open the session, with remember_me as it was asked for."""
    first = log_in(api, user_with_totp.person, remember_me=True)
    token = first.json()["login_token"]
    bad = api.post("/login", json={"login_token": token, "totp": "000000"})
    right = api.post("/login", json={"login_token": token, "totp": user_with_totp.code()})
    session = SignedIn(api, user_with_totp.person, right.json()["access_token"], right.json()["refresh_token"])

    assert first.headers["cache-control"] == "no-store"
    assert bad.json()["code"] == "totp_invalid"
    assert right.json()["token_type"] == "bearer"
    assert session.get("/user/account").json()["session"]["remember_me"] is True


def test_a_login_token_opens_one_session(api: TestClient, user_with_totp: SignedIn) -> None:
    """After its success the token is spent, even with another good code."""
    token = log_in(api, user_with_totp.person).json()["login_token"]
    codes = user_with_totp.recovery_codes
    answers = [api.post("/login", json={"login_token": token, "totp": code}) for code in codes[:2]]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["code"] == "login_token_invalid"
    assert user_with_totp.get("/totp/status").json()["recovery_codes_left"] == 9


def test_a_login_token_dies_with_the_password(api: TestClient, user_with_totp: SignedIn) -> None:
    """A password change voids what the old password began; so does deletion."""
    user = user_with_totp
    token = log_in(api, user.person).json()["login_token"]
    body = {"new_password": "a quite different one", "current_password": PASSWORD}
    user.access_token = user.call("PUT", "/user/update", body).json()["access_token"]
    changed = api.post("/login", json={"login_token": token, "totp": user.code()})
    user.person.password = "a quite different one"
    token = log_in(api, user.person).json()["login_token"]
    gone = {"confirm": True, "current_password": user.person.password, "totp": user.recovery_codes[0]}
    assert user.post("/user/delete", gone).status_code == 200
    deleted = api.post("/login", json={"login_token": token, "totp": user.code()})

    assert changed.json()["code"] == deleted.json()["code"] == "login_token_invalid"


@pytest.mark.asvs("6.4.3")
def test_a_login_token_dies_with_a_reset(api: TestClient, user_with_totp: SignedIn, mailbox: Mailbox) -> None:
    """Whoever took the first step with a stolen password does not take the second after its owner chose another."""
    person = user_with_totp.person
    token = log_in(api, person).json()["login_token"]
    api.post("/password/reset", json={"email": person.email})
    link = mailbox.token("/password/reset", person.email)
    assert api.post("/password/reset/confirm", json={"token": link, "new_password": "a quite different one"}).is_success

    answer = api.post("/login", json={"login_token": token, "totp": user_with_totp.code()})
    assert answer.json()["code"] == "login_token_invalid"


@pytest.mark.asvs("2.3.4")
def test_a_login_token_opens_one_session_under_race(
    settings: Settings, api: TestClient, user_with_totp: SignedIn, sql: RunSql
) -> None:
    """Of six good codes sent at once with one token a single one is used up, for a single session."""
    token = log_in(api, user_with_totp.person).json()["login_token"]
    before = sql("SELECT COUNT(*) FROM sessions")[0][0]
    resources = make_resources(settings)

    async def race() -> list[object]:
        bodies = [LoginRequest(login_token=token, totp=code) for code in user_with_totp.recovery_codes[:6]]
        logins = (services.log_in(resources, body, Client("127.0.0.1", "")) for body in bodies)
        return await asyncio.gather(*logins, return_exceptions=True)

    outcomes = finish(race())
    resources.close()

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LoginTokenInvalid"] * 5 + ["TokenPair"]
    assert sql("SELECT COUNT(*) FROM sessions") == [(before + 1,)]
    assert user_with_totp.get("/totp/status").json()["recovery_codes_left"] == 9


def test_a_login_token_of_a_disabled_account(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """Switched off between the two steps, an account opens no session."""
    token = log_in(api, user_with_totp.person).json()["login_token"]
    sql("UPDATE users SET disabled_at = created_at")

    answer = api.post("/login", json={"login_token": token, "totp": user_with_totp.code()})
    assert answer.json()["code"] == "account_disabled"


def test_a_login_token_lives_five_minutes(api: TestClient, user_with_totp: SignedIn, settings: Settings) -> None:
    """It says when it ends, and carries nothing about the person."""
    ring = make_keyrings(settings.signing_secrets, []).login
    claims = auth.decode_token("login", log_in(api, user_with_totp.person).json()["login_token"], ring)
    late = auth.encode_token("login", {**claims, "exp": int(time.time()) - 1}, ring)
    answer = api.post("/login", json={"login_token": late, "totp": user_with_totp.code()})

    assert claims["exp"] - claims["iat"] == 300
    assert "alice" not in str(claims)
    assert answer.json()["code"] == "login_token_invalid"
