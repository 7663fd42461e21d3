"""A database far away and a crowd that comes at once: who is answered in time, and what the answers are worth."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from app.database import ANSWER_WAIT, REQUEST_WAIT
from CreateDB.server.engine import make_engine
from testing.api import PASSWORD, StartApi, enable_totp, register, sign_in
from testing.line import Line
from testing.mariadb import make_tables
from testing.mariadb_server import MariadbControl

LONGEST = REQUEST_WAIT + ANSWER_WAIT + 5.0  # seconds: what is promised, and what a crowded machine takes
THERE_AND_BACK = 0.15  # seconds
CROWD = 40
OK, REFUSALS = 200, {"busy", "database_unavailable"}

Call = Callable[[], Any]


@pytest.fixture
def migrated_url(mariadb_control: MariadbControl) -> str:
    """Give a database on a server of the test's own."""
    return make_tables(mariadb_control)


@pytest.fixture
def http(start_api: StartApi, migrated_url: str, line: Line) -> Iterator[httpx2.Client]:
    """Give a client of an API that hashes one password at a time, and asks its database over the line."""
    settings = {"RATE_LIMITS_ENABLED": "false", "MAIL_WORKER": "false", "HASH_THREADS": "1"}
    api = start_api(DATABASE_URL=line.lead(migrated_url), **settings)
    with httpx2.Client(base_url=api.url, timeout=120, limits=httpx2.Limits(max_connections=None)) as http:
        yield http


@contextmanager
def far_away(line: Line) -> Iterator[None]:
    """Take the database far away for a while."""
    line.delay = THERE_AND_BACK / 2
    yield
    line.delay = 0.0


def ask_at_once(calls: Sequence[Call]) -> list[tuple[Any, float]]:
    """Make all calls at once, and return each answer with the seconds that it took."""

    def ask(call: Call) -> tuple[Any, float]:
        begin = time.monotonic()
        return call(), time.monotonic() - begin

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(ask, calls))


def is_honest(answer: Any) -> bool:
    """Whether it is a success, or a refusal that says when to come back, and that nothing was done."""
    return answer.status_code == OK or (answer.json()["code"] in REFUSALS and int(answer.headers["retry-after"]) > 0)


@pytest.mark.slow
@pytest.mark.asvs("13.1.2", "13.1.3")
def test_a_crowd_that_signs_in_is_answered_in_time(http: httpx2.Client, line: Line, migrated_url: str) -> None:
    """More at once than can be served: who is told yes has a session, and who is told no has none and soon may."""
    people = [register(http, f"person{number}") for number in range(CROWD)]
    bodies = [{"email": person.email, "password": PASSWORD} for person in people]
    with far_away(line):
        seen = ask_at_once([lambda body=body: http.post("/login", json=body) for body in bodies])
    answers = [answer for answer, _ in seen]
    let_in = [(person, answer) for person, answer in zip(people, answers, strict=True) if answer.status_code == OK]

    assert all(map(is_honest, answers)), [answer.text for answer in answers if not is_honest(answer)]
    assert max(taken for _, taken in seen) < LONGEST
    assert 0 < len(let_in) < CROWD
    with make_engine(migrated_url).connect() as connection:
        begun = connection.exec_driver_sql("SELECT u.email FROM sessions s JOIN users u ON u.id = s.user_id").scalars()
        assert sorted(begun) == sorted(person.email for person, _ in let_in)
    for _, answer in let_in:
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert http.get("/user/profile", headers=headers).status_code == OK
    for person in people:
        sign_in(http, person)


@pytest.mark.slow
@pytest.mark.asvs("13.1.2", "13.1.3")
def test_whoever_is_refused_may_do_the_same_again(http: httpx2.Client, line: Line) -> None:
    """Registering, refreshing and signing in by a code, all at once: a refused one used nothing up, and holds again."""
    users = [sign_in(http, register(http, f"person{number}")) for number in range(CROWD // 2)]
    with_codes, with_tokens = users[::2], users[1::2]
    for user in with_codes:
        enable_totp(user)
    calls: list[Call] = [lambda name=f"new{number}": ask_to_register(http, name) for number in range(CROWD)]
    calls += [lambda user=user: user.refresh() for user in with_tokens]
    calls += [lambda user=user: ask_with_code(user) for user in with_codes]
    with far_away(line):
        seen = ask_at_once(calls)
    again = [call() for call, (answer, _) in zip(calls, seen, strict=True) if answer.status_code != OK]

    assert all(is_honest(answer) for answer, _ in seen), [one.text for one, _ in seen if not is_honest(one)]
    assert max(taken for _, taken in seen) < LONGEST
    assert 0 < len(again) < len(calls)
    assert {answer.status_code for answer in again} == {OK}
    for user in with_tokens:
        assert user.refresh().status_code == OK
    for number in range(CROWD):
        assert http.post("/login", json={"username": f"new{number}", "password": PASSWORD}).status_code == OK


def ask_to_register(http: httpx2.Client, name: str) -> Any:
    """Ask for an account."""
    return http.post("/register", json={"email": f"{name}@example.com", "username": name, "password": PASSWORD})


def ask_with_code(user: Any) -> Any:
    """Sign in by password and the authenticator's present code, the same one each time."""
    body = {"email": user.person.email, "password": PASSWORD, "totp": user.code()}
    return user.http.post("/login", json=body)
