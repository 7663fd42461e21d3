"""A Redis that is killed or hangs while people sign in: nobody is kept out, and it counts again when it is back."""

import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import httpx2
import pytest
from pydantic import SecretStr
from redis import Redis
from starlette.testclient import TestClient

from app.config import Settings
from app.main import create_app
from app.throttling import floods
from app.throttling.floods import LIMITS
from testing.api import Person, StartApi, register, sign_in
from testing.redis import RedisControl
from testing.smtp import wait_until

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
PATIENT = 60.0  # seconds, for a crowded machine
PEOPLE = 12

HALF = LIMITS["reset"] // 2

Fault = Callable[[RedisControl], None]
FAULTS = pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        pytest.param(RedisControl.kill, RedisControl.start, id="killed"),
        pytest.param(RedisControl.freeze, RedisControl.thaw, id="frozen", marks=POSIX),
    ],
)


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: the database is not what fails here."""
    return sqlite_copy


def ask_reset(http: httpx2.Client, address: str) -> int:
    """Ask for a reset, which needs no account."""
    body = {"email": "nobody@example.com"}
    return http.post("/password/reset", json=body, headers={"X-Forwarded-For": address}).status_code


@FAULTS
def test_sign_ins_go_on_without_it(
    start_api: StartApi, redis_control: RedisControl, break_it: Fault, mend_it: Fault
) -> None:
    """It fails with connections open: all who sign in, refresh and read at that moment are served, in time."""
    server = start_api(RATE_LIMIT_STORAGE_URI=redis_control.url)
    with httpx2.Client(base_url=server.url, timeout=PATIENT) as http:
        person = register(http)
        sign_in(http, person)
        break_it(redis_control)
        with ThreadPoolExecutor(PEOPLE) as crowd:
            seen = Counter(chain.from_iterable(crowd.map(lambda _: live(http, person), range(PEOPLE))))
        mend_it(redis_control)

    assert seen == {200: 2 * PEOPLE}
    assert server.read_log().count("rate_limit_storage_unavailable") == 1


def live(http: httpx2.Client, person: Person) -> list[int]:
    """Sign in, read and refresh."""
    user = sign_in(http, person)
    return [user.get("/user/profile").status_code, user.refresh().status_code]


@FAULTS
def test_it_counts_for_all_once_it_is_back(
    settings: Settings,
    redis_control: RedisControl,
    monkeypatch: pytest.MonkeyPatch,
    break_it: Fault,
    mend_it: Fault,
) -> None:
    """While it is away each process counts for itself; then they have one count again, and nobody restarts them."""
    monkeypatch.setattr(floods, "PAUSE", 1.0)
    monkeypatch.setattr(floods, "SHARED_WAIT", 1.0)  # a busy machine's answer may take longer than it should
    shared = settings.model_copy(update={"rate_limit_storage_uri": SecretStr(redis_control.url)})
    with TestClient(create_app(shared)) as one, TestClient(create_app(shared)) as other:
        both = (one, other)
        before = [ask_reset(http, "10.0.0.1") for http in both]
        break_it(redis_control)
        during = [ask_reset(http, "10.0.0.2") for http in both for _ in range(LIMITS["reset"])]
        mend_it(redis_control)
        for number, http in enumerate(both):
            wait_until(lambda http=http, number=number: is_counted(redis_control, http, f"10.0.1.{number}"))
        after = [ask_reset(http, "10.0.0.3") for http in both for _ in range(HALF)]
        refused = [ask_reset(http, "10.0.0.3") for http in both]

    assert Counter(before + during + after) == {200: 2 + 2 * LIMITS["reset"] + 2 * HALF}
    assert refused == [429, 429]


def is_counted(redis: RedisControl, http: httpx2.Client, address: str) -> bool:
    """Ask once more from an address, and tell whether Redis knows of it."""
    ask_reset(http, address)
    with Redis.from_url(redis.url) as client:
        return bool(client.keys(f"*{address}*"))
