"""Guessed codes: the second factor's own counters, stricter than the password's and wherever they come from."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from testing.api import PASSWORD, RunSql, SignedIn, StartApi, enable_totp, register, sign_in


def log_in(http: Any, code: str | None, address: str = "127.0.0.1") -> Any:
    """Sign in with the right password and some code."""
    body = {"username": "alice", "password": PASSWORD, "totp": code}
    return http.post("/login", json=body, headers={"X-Forwarded-For": address})


def wrong(user: SignedIn) -> str:
    """Return a code that is wrong for the next hours' worth of steps."""
    right = {user.code(steps) for steps in range(-15, 16)}
    return next(code for code in (f"{number:06}" for number in range(100)) if code not in right)


def let_pass(sql: RunSql, ago: timedelta) -> None:
    """Move all counters into the past."""
    then = f"{datetime.now(UTC) - ago:%Y-%m-%d %H:%M:%S.%f}"
    sql("UPDATE attempts SET last_at = :then, window_started_at = :then", then=then)


@pytest.mark.asvs("6.3.1", "6.1.1")
def test_five_codes_are_judged_from_whatever_address(
    api: TestClient, user_with_totp: SignedIn, sql: RunSql, let_codes_pass: Callable[[], None]
) -> None:
    """The sixth is refused, a right one too; five minutes later the owner is let in."""
    bad = wrong(user_with_totp)
    seen = [log_in(api, bad, f"203.0.113.{number}").status_code for number in range(1, 6)]
    refused = log_in(api, user_with_totp.code(), "198.51.100.1")
    let_pass(sql, timedelta(minutes=5))

    assert seen == [400] * 5
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert 295 <= int(refused.headers["retry-after"]) <= 300
    assert log_in(api, user_with_totp.code()).status_code == 200


def test_what_is_no_guess_does_not_count(api: TestClient, user_with_totp: SignedIn) -> None:
    """A missing code, and a code behind a wrong password, leave all five guesses."""
    for _ in range(8):
        assert log_in(api, None).json()["code"] == "totp_required"
    api.post("/login", json={"username": "alice", "password": "not the password", "totp": wrong(user_with_totp)})

    assert [log_in(api, wrong(user_with_totp)).status_code for _ in range(6)] == [400] * 5 + [429]


def test_a_spent_code_clears_the_shortest_counter_only(
    api: TestClient, user_with_totp: SignedIn, sql: RunSql, let_codes_pass: Callable[[], None]
) -> None:
    """Five more errors are free after a success; the hour remembers all, so the owner's logins help no attacker."""
    seen = []
    for _ in range(5):  # times four are the twenty of an hour
        let_codes_pass()
        seen += [log_in(api, wrong(user_with_totp)).status_code for _ in range(4)]
        seen += [log_in(api, user_with_totp.code()).status_code]

    refused = log_in(api, user_with_totp.code())
    let_pass(sql, timedelta(hours=1))

    assert seen == [400, 400, 400, 400, 200] * 4 + [400, 400, 400, 400, 429]
    assert refused.status_code == 429
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    assert log_in(api, user_with_totp.code()).status_code == 200


def test_a_day_has_fifty_codes(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """An attacker with the password and patience gets no further than that, and is let go after the day."""
    seen: Counter[int] = Counter()
    for hour in range(12):
        seen.update(log_in(api, wrong(user_with_totp), f"203.0.113.{hour}").status_code for _ in range(5))
        let_pass(sql, timedelta(hours=1))
    refused = log_in(api, user_with_totp.code())
    let_pass(sql, timedelta(days=1))

    assert seen == {400: 50, 429: 10}
    assert refused.status_code == 429
    assert 22 * 3600 < int(refused.headers["retry-after"]) <= 23 * 3600
    assert log_in(api, user_with_totp.code()).status_code == 200


@pytest.mark.parametrize("path", ["/reauthenticate", "/totp/disable", "/totp/recovery-codes", "/user/delete"])
def test_codes_count_wherever_they_are_asked_for(api: TestClient, user_with_totp: SignedIn, path: str) -> None:
    """Each way to type a code has the same five guesses."""
    body = {"confirm": True, "current_password": PASSWORD, "totp": wrong(user_with_totp)}

    assert [user_with_totp.post(path, body).status_code for _ in range(6)] == [400] * 5 + [429]
    assert log_in(api, user_with_totp.code()).status_code == 429


def test_the_second_step_counts(api: TestClient, user_with_totp: SignedIn) -> None:
    """A login token is no licence to guess."""
    token = log_in(api, None).json()["login_token"]
    body = {"login_token": token, "totp": wrong(user_with_totp)}

    assert [api.post("/login", json=body).status_code for _ in range(6)] == [400] * 5 + [429]


def test_confirming_counts_and_clears(api: TestClient, user: SignedIn) -> None:
    """Typing errors while setting up are limited, and forgotten once it is done."""
    user.secret = user.post("/totp/enable/start").json()["secret"]
    bad = {"secret": user.secret, "code": wrong(user)}
    seen = [user.post("/totp/enable/confirm", bad).status_code for _ in range(4)]
    seen.append(user.post("/totp/enable/confirm", {"secret": user.secret, "code": user.code(-1)}).status_code)

    assert seen == [400] * 4 + [200]
    assert [log_in(api, wrong(user)).status_code for _ in range(6)] == [400] * 5 + [429]


@pytest.mark.asvs("6.3.1", "2.3.4")
def test_a_burst_of_codes_does_not_outrun_the_count(start_api: StartApi) -> None:
    """Twenty wrong codes at once: five are judged, whichever of four processes answers."""
    server = start_api(workers=4)
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        user = enable_totp(sign_in(http, register(http)))
        bad = wrong(user)
        with ThreadPoolExecutor(20) as threads:
            seen = Counter(threads.map(lambda _: log_in(http, bad).status_code, range(20)))

    assert seen == {400: 5, 429: 15}


def test_one_right_code_sent_often_is_no_attack(start_api: StartApi) -> None:
    """Of eight equal logins at once one is let in, and the others cost no guess, where six hashes at most are made."""
    server = start_api(workers=2, HASH_THREADS="2")  # not one for each core: with more than six the seventh may wait
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        user = enable_totp(sign_in(http, register(http)))
        code = user.code()
        with ThreadPoolExecutor(8) as threads:
            seen = Counter(threads.map(lambda _: log_in(http, code).status_code, range(8)))
        bad = [log_in(http, wrong(user)).status_code for _ in range(6)]

    assert seen == {200: 1, 400: 7}
    assert bad == [400] * 5 + [429]
