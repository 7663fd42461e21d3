"""Rotation: a line of refresh tokens never forks, retries are forgiven for ten seconds, reuse ends it."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, event

from app.config import Settings
from app.crud.sessions import PROMPT
from app.database import ANSWER_WAIT
from app.services.sessions import GRACE
from testing.ageing import age, issued_earlier
from testing.api import RunSql, SignedIn, StartApi, register, sign_in
from testing.services import Asker


def test_refresh_answers_with_exactly_a_pair(user: SignedIn) -> None:
    """The answer is the seed's: two tokens, not to be cached, the refresh token a new one."""
    first = user.refresh_token
    answer = user.refresh()

    assert sorted(answer.json()) == ["access_token", "refresh_token"]
    assert answer.headers["cache-control"] == "no-store"
    assert user.refresh_token != first
    assert user.refresh().status_code == 200


def test_a_rotation_is_void_once_nobody_waits_for_it() -> None:
    """As long as an answer of the database's is waited for; the rest of the grace is for a retry."""
    assert PROMPT.total_seconds() == ANSWER_WAIT < GRACE.total_seconds()


@pytest.mark.asvs("10.4.5")
def test_the_token_just_replaced_gets_the_same_successor(user: SignedIn) -> None:
    """A lost answer can be asked for again: the line never forks."""
    old = user.refresh_token
    successor = user.refresh().json()["refresh_token"]
    again = user.http.post("/refresh", json={"refresh_token": old})

    assert again.json()["refresh_token"] == successor
    assert user.refresh().status_code == 200


def test_a_retry_does_not_move_the_time_of_rotation(user: SignedIn, sql: RunSql, settings: Settings) -> None:
    """Ten seconds count from the rotation, not from the last retry."""
    old = issued_earlier(settings, user.refresh_token, 60)
    user.refresh()
    before = sql("SELECT rotated_at, generation FROM sessions")
    user.http.post("/refresh", json={"refresh_token": old})

    assert sql("SELECT rotated_at, generation FROM sessions") == before


@pytest.mark.asvs("10.4.5")
@pytest.mark.parametrize("generations", [1, 3])
def test_an_old_token_ends_the_session_and_only_that(
    user: SignedIn, other_device: SignedIn, sql: RunSql, settings: Settings, generations: int
) -> None:
    """A token replaced more than ten seconds ago is theft: thief and owner are out, and both learn why."""
    stolen = issued_earlier(settings, user.refresh_token, 11)
    for _ in range(generations):
        user.refresh()
    age(sql, "rotated_at", 11)
    theft = user.http.post("/refresh", json={"refresh_token": stolen})

    assert (theft.status_code, theft.json()["code"]) == (401, "refresh_token_reused")
    assert user.get("/user/profile").json()["code"] == "refresh_token_reused"
    assert user.refresh().json()["code"] == "refresh_token_reused"
    assert other_device.get("/user/profile").status_code == 200


@pytest.mark.parametrize("generations", [1, 2, 5])
def test_a_young_token_of_the_line_is_a_retry(user: SignedIn, generations: int) -> None:
    """Tabs that refresh in quick succession all end up with the newest token, however far the line has moved."""
    first = user.refresh_token
    for _ in range(generations):
        user.refresh()
    late = user.http.post("/refresh", json={"refresh_token": first})

    assert late.json()["refresh_token"] == user.refresh_token
    assert user.refresh().status_code == 200


def test_an_old_token_of_two_rotations_ago_is_theft_even_in_haste(user: SignedIn, settings: Settings) -> None:
    """Only the token just replaced, or a young one, is forgiven."""
    stolen = issued_earlier(settings, user.refresh_token, 60)
    user.refresh()
    user.refresh()
    theft = user.http.post("/refresh", json={"refresh_token": stolen})

    assert theft.json()["code"] == "refresh_token_reused"


@pytest.mark.slow
def test_grace_ends_after_ten_real_seconds(user: SignedIn) -> None:
    """The same without any trick: eleven seconds later, once its successor is in use, the token is no retry."""
    old = user.refresh_token
    user.refresh()
    user.get("/user/profile")
    time.sleep(10.5)

    assert user.http.post("/refresh", json={"refresh_token": old}).json()["code"] == "refresh_token_reused"


def test_a_token_from_before_a_restored_backup_is_no_theft(user: SignedIn, sql: RunSql, settings: Settings) -> None:
    """A generation that the database has forgotten means signing in again, not an alarm."""
    user.refresh()
    user.refresh()
    sql("UPDATE sessions SET generation = 0")
    old = issued_earlier(settings, user.refresh_token, 301)
    answer = user.http.post("/refresh", json={"refresh_token": old})

    assert answer.json()["code"] == "session_ended"
    assert sql("SELECT ended_at FROM sessions") == [(None,)]


def test_a_token_of_the_future_signs_nobody_out(user: SignedIn, sql: RunSql) -> None:
    """A server that lags has yet to hear of the last rotation: it says so, and once it has caught up all goes on."""
    user.refresh()
    sql("UPDATE sessions SET generation = 0")
    early = user.http.post("/refresh", json={"refresh_token": user.refresh_token})
    sql("UPDATE sessions SET generation = 1")

    assert (early.status_code, early.json()["code"]) == (503, "database_unavailable")
    assert int(early.headers["retry-after"]) >= 1
    assert user.refresh().status_code == 200


def test_a_session_that_has_yet_to_arrive_is_waited_for(user: SignedIn, shop: Asker, sql: RunSql) -> None:
    """The account is there and the session of its young token is not: that server lags, whoever asks."""
    row = sql("SELECT sid FROM sessions")[0][0]
    sql("UPDATE sessions SET sid = 'elsewhere'")
    answers = [user.get("/user/profile"), shop.send(user.access_token)]
    answers.append(user.http.post("/refresh", json={"refresh_token": user.refresh_token}))
    sql("UPDATE sessions SET sid = :sid", sid=row)

    assert [answer.json()["code"] for answer in answers] == ["database_unavailable"] * 3
    assert user.get("/user/profile").status_code == 200
    assert shop.ask(user.access_token)["active"] is True


def test_an_ended_session_is_told_at_once_whatever_is_missing(user: SignedIn, sql: RunSql) -> None:
    """No token of the future keeps a session that has ended from being refused."""
    user.refresh()
    sql("UPDATE sessions SET generation = 0, ended_at = created_at, end_reason = 'logged_out'")

    assert user.http.post("/refresh", json={"refresh_token": user.refresh_token}).json()["code"] == "session_ended"
    assert user.get("/user/profile").json()["code"] == "session_ended"


ELEVEN_SECONDS_AGO = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', rotated_at, '-11 seconds')",
    "mariadb": "rotated_at - INTERVAL 11 SECOND",
}


def test_whoever_rotates_is_no_thief_however_slow_the_database(user: SignedIn, settings: Settings) -> None:
    """When eleven seconds pass before the database tells that the rotation is done, the answer is still the pair."""
    user.refresh_token = issued_earlier(settings, user.refresh_token, 60)

    def pass_time(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE sessions"):
            earlier = ELEVEN_SECONDS_AGO[connection.dialect.name]
            connection.connection.cursor().execute(f"UPDATE sessions SET rotated_at = {earlier}")  # noqa: S608 our own

    event.listen(Engine, "after_cursor_execute", pass_time)
    try:
        slow = user.refresh()
    finally:
        event.remove(Engine, "after_cursor_execute", pass_time)

    assert slow.status_code == 200, slow.text
    assert user.refresh().status_code == 200


@pytest.mark.parametrize("workers", [1, 4])
def test_ten_refreshes_at_once_hand_out_one_token(start_api: StartApi, workers: int) -> None:
    """Ten tabs refresh at the same moment, over one process or four: one and the same successor, and no error."""
    server = start_api(workers=workers)
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        user = sign_in(http, register(http))
    for _ in range(3):
        answers = _refresh_at_once(server.url, user.refresh_token, 10)

        assert Counter(status for status, _ in answers) == {200: 10}
        assert len({token for _, token in answers}) == 1
        user.refresh_token = answers[0][1]


def _refresh_at_once(url: str, token: str, times: int) -> list[tuple[int, str]]:
    barrier = Barrier(times)

    def refresh(_number: int) -> tuple[int, str]:
        with httpx2.Client(base_url=url, timeout=60) as http:
            barrier.wait()
            answer = http.post("/refresh", json={"refresh_token": token})
            return answer.status_code, answer.json().get("refresh_token", answer.text)

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(refresh, range(times)))
