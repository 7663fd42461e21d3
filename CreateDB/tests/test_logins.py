"""--explain-login and --clear-throttle: why somebody cannot log in, compared with what the API answers."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.config import Settings
from testing.ageing import hold_pause
from testing.api import PASSWORD, Person, RunSql, SignedIn, enable_totp, sign_in

Run = Callable[..., Any]

STRANGER = "203.0.113.9"


def guess(api: Any, times: int, password: str = "wrong", address: str = "127.0.0.1", name: str = "alice") -> Any:
    """Send so many passwords, and return the last answer."""
    headers = {"X-Forwarded-For": address}
    return [api.post("/login", json={"username": name, "password": password}, headers=headers) for _ in range(times)][
        -1
    ]


def test_nothing_stands_in_the_way(cli: Run, alice: Person) -> None:
    """An account without any trouble is said to have none, with status 0."""
    outcome = cli("--explain-login", "alice")

    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith("Nothing that is kept here stops alice@example.com (")


def test_a_throttled_address_is_explained_and_cleared(cli: Run, api: TestClient, alice: Person, sql: RunSql) -> None:
    """The API's 429 and the explanation agree on until when; after clearing, the right password signs in."""
    guess(api, 6, address=STRANGER)
    hold_pause(sql)
    refused = guess(api, 1, address=STRANGER)
    assert refused.status_code == 429

    told = cli("--explain-login", "alice", "--from", STRANGER)
    assert told.status == 1
    waiting = re.search(rf"6 failed guesses at passwords from {STRANGER}: .* UTC, in (\d+) s\.", told.out)
    assert waiting, told.out
    assert int(waiting[1]) <= int(refused.headers["Retry-After"])
    assert "-> --clear-throttle lets them try at once" in told.out

    cleared = cli("--clear-throttle", "alice", "--from", STRANGER)
    assert "may try again at once: 4 counters cleared." in cleared.out
    assert '"message": "user_throttle_cleared"' in cleared.err
    assert guess(api, 1, PASSWORD, STRANGER).status_code == 200


def test_addresses_of_sessions_are_looked_at_unasked(cli: Run, api: TestClient, user: SignedIn, sql: RunSql) -> None:
    """Where the person has signed in from is known, so its counter needs no --from."""
    guess(api, 6)
    hold_pause(sql)

    told = cli("--explain-login", "alice")
    assert "failed guesses at passwords from 127.0.0.1: the next is judged at" in told.out

    assert cli("--clear-throttle", "alice").status == 0
    assert guess(api, 1, PASSWORD).status_code == 200


def test_guesses_from_everywhere_bind_strangers_only(cli: Run, api: TestClient, user: SignedIn) -> None:
    """Thirty failures from all over stop addresses that are new to the account, and not the one that it uses."""
    for last in range(1, 7):
        guess(api, 5, address=f"198.51.100.{last}")

    told, at_home = (cli("--explain-login", "alice", "--from", address) for address in (STRANGER, "127.0.0.1"))

    assert guess(api, 1, PASSWORD, STRANGER).status_code == 429
    assert (
        "30 failed guesses at passwords from addresses that are new to the account in 5 minutes: the next" in told.out
    )
    assert guess(api, 1, PASSWORD).status_code == 200
    assert (told.status, at_home.status) == (1, 0)


def test_wrong_codes_are_explained_and_cleared(cli: Run, api: TestClient, user: SignedIn) -> None:
    """The counters of second factors are named with their spans, and cleared too."""
    enable_totp(user)
    for _ in range(6):
        answer = api.post("/login", json={"email": user.person.email, "password": PASSWORD, "totp": "000000"})
    assert answer.status_code == 429

    told = cli("--explain-login", "alice")
    assert "5 failed guesses at codes of the second factor in 5 minutes: the next is judged at" in told.out
    assert "5 failed guesses at codes of the second factor in a day; 50 are allowed." in told.out

    assert cli("--clear-throttle", "alice").status == 0
    assert sign_in(api, user.person, totp=user.code()).get("/user/profile").status_code == 200


def test_the_last_refusals_and_the_last_sign_in_are_told(cli: Run, api: TestClient, user: SignedIn) -> None:
    """When, from where, on what, how often and why; they stand in nobody's way, and a stranger's are not shown."""
    guess(api, 2, address=STRANGER)
    guess(api, 1, address="198.51.100.1", name="nobody")

    told = cli("--explain-login", "alice")
    refused = rf"Refused 20\S+ \S+ UTC from {STRANGER} \(Firefox on Linux\).*: Incorrect username, email or password\."
    assert told.status == 0
    assert re.search(refused, told.out), told.out
    assert re.search(r"Last sign-in: 20\S+ \S+ UTC from 127.0.0.1 \(Firefox on Linux\)\.", told.out)
    assert "198.51.100.1" not in told.out


def test_who_never_signed_in_is_told_so(cli: Run, alice: Person) -> None:
    """There is nothing else to tell."""
    assert "  Last sign-in: never.\n" in cli("--explain-login", "alice").out


def test_what_was_counted_while_the_clock_was_wrong_is_not_told(
    cli: Run, api: TestClient, alice: Person, sql: RunSql
) -> None:
    """The API no longer counts it either."""
    guess(api, 1)
    assert "1 failed guess at" in cli("--explain-login", "alice", "--from", "127.0.0.1").out
    sql("UPDATE attempts SET last_at = '2050-01-01', window_started_at = '2050-01-01'")

    assert "failed guess" not in cli("--explain-login", "alice", "--from", "127.0.0.1").out


def test_a_disabled_account_is_explained(cli: Run, alice: Person) -> None:
    """It says since when, and how to let it in."""
    cli("--disable-user", "alice")

    told = cli("--explain-login", "alice")
    assert told.status == 1
    assert "The account is disabled since 20" in told.out
    assert "-> --enable-user lets it in again" in told.out


def test_an_unverified_address_is_explained(cli: Run, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where the settings ask for a verified address."""
    assert cli("--explain-login", "alice").status == 0
    monkeypatch.setenv("REQUIRE_VERIFIED_EMAIL", "true")

    told = cli("--explain-login", "alice")
    assert (told.status, "The email address is not verified" in told.out) == (1, True)


def test_a_lost_key_is_explained(cli: Run, user_with_totp: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second factor that no key opens keeps its owner out until the key is back."""
    monkeypatch.setenv("JWT_SECRET_KEY", "another-key-than-the-one-of-before-3141592653")

    told = cli("--explain-login", "alice")
    assert told.status == 1
    assert "No configured key opens the account's second factor." in told.out


def test_a_name_that_nobody_has(cli: Run, api: TestClient, sql: RunSql) -> None:
    """Unknown names are counted like others, and the explanation says both."""
    guess(api, 6, name="nobody", address=STRANGER)
    hold_pause(sql)

    told = cli("--explain-login", "nobody", "--from", STRANGER)
    assert told.status == 1
    assert "No account has this email, username or public id: the answer is invalid_credentials." in told.out
    assert f"6 failed guesses at this name from {STRANGER}: the next is judged at" in told.out


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--list-users", "--from", "10.0.0.1"], "--from goes with --explain-login or --clear-throttle only"),
        (["--explain-login", "a", "--from", "nowhere"], "a client address is one such as 203.0.113.9"),
        (["--like", "x"], "--like goes with --list-users only"),
        (["--show-user", "a", "--end-sessions", "b"], "are different tasks: run one after the other"),
        (["--create-app-user", "a", "--show-user", "b"], "are different tasks: run one after the other"),
        (["--list-users", "--limit", "0"], "a limit is a number from 1 to 1000000"),
        (["--show-user", "a", "--database", "d"], "--user and --database are both needed, or else --url"),
    ],
)
def test_flags_that_do_not_go_together(run: Run, flags: list[str], hint: str) -> None:
    """A command line that makes no sense ends with status 2 and one line."""
    outcome = run(*flags)

    assert outcome.status == 2
    assert hint in outcome.err
    assert outcome.err.count("\n") == 1


def test_without_any_settings_it_asks_where(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither flags nor DATABASE_URL, and dev.py was never started: one line that names both ways."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr("app.settings.sources.FILE", Path(os.devnull))
    monkeypatch.setitem(Settings.model_config, "env_file", None)

    outcome = run("--list-users")

    assert outcome.status == 1
    assert outcome.err == (
        "Error: Say where by --user and --database or by --url: DATABASE_URL is not in the API's settings.\n"
    )
