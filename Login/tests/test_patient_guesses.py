"""Passwords tried with patience, from ever new addresses: an hour and a day have their numbers too."""

from collections import Counter
from itertools import takewhile
from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.ageing import age_counters
from testing.api import PASSWORD, Person, RunSql, sign_in

WRONG = "not the password"
MINUTE = 60
NEW_PASSWORD = "red herons at dusk"


def guess(http: Any, number: int, password: str = WRONG, name: str = "alice") -> int:
    """Try a password from an address of its own, and return the status."""
    headers = {"X-Forwarded-For": f"100.{64 + number // 250}.0.{number % 250}"}
    status: int = http.post("/login", json={"username": name, "password": password}, headers=headers).status_code
    return status


def guess_for_a_day(http: Any, sql: RunSql, name: str = "alice") -> list[int]:
    """Guess in every sixth minute of five hours until one is refused, and return how many were judged in each."""
    judged = []
    for turn in range(50):
        numbers = range(turn * 30, turn * 30 + 30)
        judged.append(sum(1 for _ in takewhile(lambda number: guess(http, number, name=name) == 400, numbers)))
        age_counters(sql, 6 * MINUTE)
    return judged


@pytest.mark.asvs("6.3.1", "6.1.1")
def test_strangers_have_sixty_guesses_an_hour_and_a_hundred_a_day(api: TestClient, alice: Person, sql: RunSql) -> None:
    """However patient a botnet is, and though the owner signs in meanwhile; at home nobody notices."""
    sign_in(api, alice)
    judged = guess_for_a_day(api, sql)

    assert max(sum(judged[begin : begin + 10]) for begin in range(len(judged))) == 60
    assert sum(judged) == 100
    assert guess(api, 1, PASSWORD) == 429
    assert sign_in(api, alice)


def test_an_account_that_there_is_not_has_the_same(api: TestClient, sql: RunSql) -> None:
    """The numbers tell nobody which accounts there are."""
    assert sum(guess_for_a_day(api, sql, "nobody")) == 100


def test_the_owners_sign_ins_buy_strangers_nothing(api: TestClient, alice: Person, sql: RunSql) -> None:
    """A right password from somewhere new is given back, and the failures of the hour stand."""
    seen = Counter[int]()
    for turn in range(8):
        seen.update(guess(api, turn * 10 + number) for number in range(9))
        if turn < 6:
            assert guess(api, 1000 + turn, PASSWORD) == 200
        age_counters(sql, 5 * MINUTE)

    assert seen == {400: 60, 429: 12}


def test_a_new_password_begins_anew(api: TestClient, alice: Person, sql: RunSql) -> None:
    """Who is refused in a strange place resets the password, and is let in."""
    user = sign_in(api, alice)
    for turn in range(4):
        Counter(guess(api, turn * 30 + number) for number in range(30))
        age_counters(sql, 5 * MINUTE)
    assert guess(api, 500, PASSWORD) == 429
    user.call("PUT", "/user/update", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert guess(api, 500, NEW_PASSWORD) == 200
