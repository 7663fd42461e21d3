"""What one factor proves never clears the failures of another, and nobody is shut out by failures of another's."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.ageing import age_counters, let_a_minute_pass
from testing.api import PASSWORD, RunSql, SignedIn, enable_totp
from testing.mail import Mailbox

RESET, DISOWN = "/password/reset", "/account/disown"
RECOVERY = "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"
HOME, THIEF = "127.0.0.1", "203.0.113.9"
NEW_PASSWORD = "red herons at dusk {}"


def log_in(http: Any, code: str, address: str = THIEF, password: str = PASSWORD) -> Any:
    """Sign in with the right password and some code."""
    body = {"username": "alice", "password": password, "totp": code}
    return http.post("/login", json=body, headers={"X-Forwarded-For": address})


def wrong(user: SignedIn) -> str:
    """Return a code that is wrong for the next hours' worth of steps."""
    right = {user.code(steps) for steps in range(-15, 16)}
    return next(code for code in (f"{number:06}" for number in range(100)) if code not in right)


def burn(http: Any, user: SignedIn, times: int = 6) -> list[int]:
    """Type wrong codes with the right password, as a thief who knows it."""
    return [log_in(http, wrong(user), f"203.0.113.{number}").status_code for number in range(times)]


@pytest.mark.asvs("6.3.1", "6.4.3")
def test_a_mailbox_buys_no_codes(api: TestClient, user_with_totp: SignedIn, mailbox: Mailbox, sql: RunSql) -> None:
    """Reset, five codes, "this was not me", reset, five codes, from ever new addresses: five codes are judged."""
    sql("UPDATE users SET email_verified_at = created_at")
    email, seen = user_with_totp.person.email, Counter[str]()
    api.post(RESET, json={"email": email})
    for number in range(4):
        password = NEW_PASSWORD.format(number)
        reset = {"token": mailbox.token(RESET, email), "new_password": password}
        assert api.post(f"{RESET}/confirm", json=reset).status_code == 200
        for code in range(5):
            answer = log_in(api, wrong(user_with_totp), f"198.51.{number}.{code}", password)
            seen[answer.json()["code"]] += 1
        token = mailbox.token(DISOWN, email, "password_was_reset")
        assert api.post(DISOWN, json={"token": token}).status_code == 200
        let_a_minute_pass(sql, mailbox)

    assert seen == {"totp_invalid": 5, "too_many_attempts": 15}


@pytest.mark.asvs("6.3.1")
def test_a_day_lets_fifty_codes_through_however_they_are_timed(
    api: TestClient, user_with_totp: SignedIn, sql: RunSql
) -> None:
    """One code opens the window, 49 come just before its end: the next day begins with none."""
    bad, judged, now = wrong(user_with_totp), [], 0
    for turn, wait in enumerate([0, 20 * 3600, *[900] * 60]):
        age_counters(sql, wait)
        now += wait
        tries = 5 if now else 1
        judged += [now for _ in range(tries) if log_in(api, bad, f"198.51.100.{turn}").status_code == 400]

    assert max(sum(start <= moment < start + 86400 for moment in judged) for start in judged) == 50


def test_a_thief_who_burns_a_day_of_codes_shuts_nobody_out(api: TestClient, user_with_totp: SignedIn) -> None:
    """An authenticator's codes are refused, and a recovery code opens."""
    assert burn(api, user_with_totp) == [400] * 5 + [429]
    assert log_in(api, user_with_totp.code(), HOME).status_code == 429
    assert log_in(api, user_with_totp.recovery_codes[0], HOME).status_code == 200


def test_a_right_recovery_code_clears_no_failures_of_the_other_kind(api: TestClient, user_with_totp: SignedIn) -> None:
    """Whoever holds one recovery code gets no five more guesses at the authenticator's."""
    burn(api, user_with_totp)
    log_in(api, user_with_totp.recovery_codes[0])

    assert log_in(api, wrong(user_with_totp)).status_code == 429


def test_recovery_codes_are_counted_where_they_are_typed(api: TestClient, user_with_totp: SignedIn) -> None:
    """Five wrong ones close that address for them, no other one, and leave the authenticator's codes alone."""
    seen = [log_in(api, RECOVERY).status_code for _ in range(6)]
    codes = user_with_totp.recovery_codes

    assert seen == [400] * 5 + [429]
    assert log_in(api, codes[0]).status_code == 429
    assert log_in(api, codes[0], HOME).status_code == 200
    assert log_in(api, user_with_totp.code()).status_code == 200


def test_a_right_code_clears_no_recovery_failures(
    api: TestClient, user_with_totp: SignedIn, let_codes_pass: Callable[[], None]
) -> None:
    """Nor does a right password: each clears its own."""
    for _ in range(5):
        log_in(api, RECOVERY)
    let_codes_pass()
    assert log_in(api, user_with_totp.code()).status_code == 200

    assert log_in(api, RECOVERY).status_code == 429


def test_a_right_recovery_code_forgives_typing_errors(api: TestClient, user_with_totp: SignedIn) -> None:
    """It clears its own counter."""
    for code in user_with_totp.recovery_codes[:2]:
        assert [log_in(api, RECOVERY).status_code for _ in range(4)] == [400] * 4
        assert log_in(api, code).status_code == 200


def test_setting_a_factor_up_anew_clears_no_day(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """A confirmed enrolment clears the five minutes, as a spent code does; the hour stands."""
    for _ in range(3):
        burn(api, user_with_totp, 5)
        age_counters(sql, 300)
    user_with_totp.post("/totp/disable")
    again = enable_totp(user_with_totp)

    assert burn(api, again, 5) == [400] * 5
    age_counters(sql, 300)
    assert burn(api, again, 1) == [429]
