"""A refresh whose answer got lost: asked for again within a minute, as long as nobody has used what it handed out."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx2
import pytest

from app import auth
from app.config import Settings
from app.secrets.keys import make_keyrings
from testing.ageing import age, issued_earlier
from testing.api import RunSql, SignedIn, StartApi, register, sign_in
from testing.mail import Mailbox


@pytest.fixture
def lost(user: SignedIn, settings: Settings) -> str:
    """Give the token that was replaced by a refresh whose answer the person never saw, or saw late."""
    old = issued_earlier(settings, user.refresh_token, 300)
    user.refresh()
    return old


def let_pass(sql: RunSql, seconds: float) -> None:
    """Let time go by since the rotation, and since the session was last seen."""
    age(sql, "rotated_at", seconds)
    age(sql, "last_seen_at", seconds)


def refresh(user: SignedIn, token: str) -> httpx2.Response:
    """Try some token of the line."""
    return user.http.post("/refresh", json={"refresh_token": token})  # type: ignore[no-any-return]


def name_of(settings: Settings, refresh_token: str) -> str:
    """Return which session and generation a token is of: all but its times, which pass here without its being told."""
    return str(auth.decode_token("refresh", refresh_token, make_keyrings(settings.signing_secrets, []).tokens)["jti"])


@pytest.mark.asvs("10.4.5")
def test_a_lost_answer_can_be_had_again_for_a_minute(
    user: SignedIn, lost: str, sql: RunSql, mailbox: Mailbox, settings: Settings
) -> None:
    """Whoever comes back after 55 seconds gets the same successor, as often as it takes, and nobody is alarmed."""
    let_pass(sql, 55)
    before = sql("SELECT rotated_at, last_seen_at, generation FROM sessions")
    first, second = (refresh(user, lost).json()["refresh_token"] for _ in range(2))

    assert first == second
    assert name_of(settings, first) == name_of(settings, user.refresh_token)
    assert sql("SELECT rotated_at, last_seen_at, generation FROM sessions") == before
    assert user.get("/user/profile").status_code == 200
    assert "refresh_token_reused" not in mailbox.kinds()


@pytest.mark.asvs("10.4.5")
def test_after_a_minute_it_is_theft(user: SignedIn, lost: str, sql: RunSql) -> None:
    """Nobody waits that long for an answer."""
    let_pass(sql, 61)

    assert refresh(user, lost).json()["code"] == "refresh_token_reused"


@pytest.mark.asvs("10.4.5")
@pytest.mark.parametrize("seconds", [11, 55])
def test_once_the_successor_is_used_the_old_token_is_theft(
    user: SignedIn, lost: str, sql: RunSql, seconds: int
) -> None:
    """One call tells that the answer arrived; whoever comes with the old token then holds a copy."""
    assert user.get("/user/profile").status_code == 200
    let_pass(sql, seconds)

    assert refresh(user, lost).json()["code"] == "refresh_token_reused"
    assert user.get("/user/profile").json()["code"] == "refresh_token_reused"


@pytest.mark.asvs("10.4.5")
def test_once_the_successor_is_refreshed_the_old_token_is_theft(user: SignedIn, lost: str, sql: RunSql) -> None:
    """Its refresh token is as much a sign that it arrived as its access token."""
    user.refresh()
    let_pass(sql, 11)

    assert refresh(user, lost).json()["code"] == "refresh_token_reused"


def test_a_token_from_before_does_not_tell_that_the_answer_arrived(
    user: SignedIn, sql: RunSql, settings: Settings
) -> None:
    """Another tab that goes on with its old access token takes no grace from the one whose answer was lost."""
    before, old = user.access_token, issued_earlier(settings, user.refresh_token, 300)
    _wait_for_the_next_second()
    user.refresh()
    successor, user.access_token = user.refresh_token, before
    assert user.get("/user/profile").status_code == 200
    assert sql("SELECT last_seen_at FROM sessions") == sql("SELECT rotated_at FROM sessions")
    let_pass(sql, 30)

    assert name_of(settings, refresh(user, old).json()["refresh_token"]) == name_of(settings, successor)


def test_the_first_call_writes_once(user: SignedIn, lost: str, sql: RunSql) -> None:
    """What follows is the one query again, until the session is next noted as seen."""
    user.get("/user/profile")
    seen = sql("SELECT last_seen_at FROM sessions")
    user.get("/user/profile")

    assert sql("SELECT last_seen_at FROM sessions") == seen
    assert seen != sql("SELECT rotated_at FROM sessions")


@pytest.mark.parametrize("workers", [1, 2])
def test_tabs_that_ask_again_at_once_get_one_successor(
    start_api: StartApi, settings: Settings, sql: RunSql, workers: int
) -> None:
    """Eight tabs come back half a minute after the answer was lost, to one process or two: one token, no alarm."""
    server = start_api(workers=workers, JWT_SECRET_KEY=settings.signing_secrets[0])
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        user = sign_in(http, register(http))
        old = issued_earlier(settings, user.refresh_token, 300)
        user.refresh()
        let_pass(sql, 30)
        barrier = Barrier(8)

        def ask(_number: int) -> tuple[int, str]:
            barrier.wait()
            answer = refresh(user, old)
            return answer.status_code, answer.json().get("refresh_token", "")

        with ThreadPoolExecutor(8) as threads:
            answers = Counter(threads.map(ask, range(8)))
        user.refresh_token = next(token for _, token in answers)

        assert list(answers.values()) == [8]
        assert user.refresh().status_code == 200


@pytest.mark.asvs("10.4.5")
def test_a_thief_and_the_owner_are_told_apart_one_rotation_later(
    user: SignedIn, lost: str, sql: RunSql, settings: Settings
) -> None:
    """Who stole the old token and comes within the minute gets what the owner has; the line does not fork."""
    let_pass(sql, 30)
    stolen = refresh(user, lost).json()["refresh_token"]
    assert name_of(settings, stolen) == name_of(settings, user.refresh_token)
    user.refresh_token = issued_earlier(settings, stolen, 1800)
    assert user.refresh().status_code == 200
    assert user.get("/user/profile").status_code == 200
    let_pass(sql, 11)

    assert refresh(user, issued_earlier(settings, stolen, 1800)).json()["code"] == "refresh_token_reused"


def _wait_for_the_next_second() -> None:
    """Tokens tell their time in whole seconds."""
    time.sleep(1.01 - time.time() % 1)
