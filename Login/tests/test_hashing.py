"""The pool that hashes passwords: bounded in length, time and memory, the same for everybody, and in nobody's way."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.auth import PasswordHasher
from app.errors import Busy
from app.passwords import hash_pool as hashing
from app.passwords.hash_pool import QUEUE_MIN, HashPool
from app.resources import Resources
from testing.api import PASSWORD, Person, RunSql, SignedIn, StartApi, register, sign_in
from testing.loops import finish
from testing.work import watching

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
CHEAP = {"time_cost": 1, "memory_kib": 8, "parallelism": 1}
HASH_MIB = 64
FULL_MEMORY = {"ARGON2_MEMORY_KIB": str(HASH_MIB * 1024)}
NEW_PASSWORD = "red herons at dusk"
KEY = "k7Wm2xQp9ZrT4vLc8NfB3yHd6GsJ1aUe"


@pytest.fixture
def pool() -> Iterator[HashPool]:
    """Give a pool of one thread."""
    pool = HashPool(PasswordHasher(**CHEAP), 1)
    yield pool
    pool.close()


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


# --- the queue ---------------------------------------------------------------------------------------------------


@pytest.mark.asvs("2.4.1", "13.1.2")
def test_the_queue_is_long_and_not_endless(pool: HashPool) -> None:
    """Sixty-four may always wait; one more, who would wait for over ten seconds, is told when to come back."""

    async def crowd() -> tuple[Busy, list[str]]:
        async with pool.place():
            waiting = [asyncio.create_task(pool.hash("x")) for _ in range(QUEUE_MIN)]
            await settle()
            with pytest.raises(Busy) as refused:
                await pool.hash("one too many")
        return refused.value, await asyncio.gather(*waiting)

    refusal, hashes = finish(crowd())

    assert refusal.retry_after == 13  # 65 before it, at the 0.2 s that a pool expects before it has measured
    assert len(set(hashes)) == QUEUE_MIN
    assert pool.waiting == 0


def test_a_fast_machine_has_a_longer_queue(pool: HashPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is what counts: where hashes are quick, hundreds wait and all are served."""
    monkeypatch.setattr(hashing, "perf_counter", lambda: 0.0)  # quick, whatever else the machine does

    async def crowd() -> list[str]:
        for _ in range(60):
            await pool.hash("x")
        return await asyncio.gather(*(pool.hash("x") for _ in range(300)))

    assert len(finish(crowd())) == 300


def test_a_slow_database_shortens_the_queue(pool: HashPool) -> None:
    """Guesses are counted while a place is held, so that time is part of what the next one has to expect."""

    async def hold() -> float:
        for _ in range(3):
            async with pool.place():
                await asyncio.sleep(0.3)
        async with pool.place():
            return pool.expected_wait

    assert finish(hold()) > 0.2


def test_nobody_waits_for_ever(pool: HashPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a place is held far longer than expected, those behind it are let go, and the pool works on."""
    monkeypatch.setattr(hashing, "PATIENCE", 0.05)

    async def crowd() -> tuple[list[Any], bool]:
        async with pool.place():
            refused = await asyncio.gather(*(pool.hash("x") for _ in range(5)), return_exceptions=True)
        return refused, "argon2id" in await pool.hash("x")

    refused, works = finish(crowd())

    assert [(type(each), each.retry_after >= 1) for each in refused] == [(Busy, True)] * 5
    assert (works, pool.waiting) == (True, 0)


@LINUX
def test_hash_threads_let_everybody_else_go_first(pool: HashPool) -> None:
    """Their niceness is 10, they push nobody off a core, and this thread stays as it was."""

    def look() -> tuple[int, int]:
        thread = threading.get_native_id()
        return os.getpriority(os.PRIO_PROCESS, thread), os.sched_getscheduler(thread)

    async def ask() -> tuple[int, int]:
        return await pool.run(look)

    before = look()

    assert finish(ask()) == (10, os.SCHED_BATCH)
    assert look() == before


# --- the same for everybody --------------------------------------------------------------------------------------


@pytest.fixture
def resources(api: TestClient) -> Resources:
    """Give what `api` works with, once it has begun with what it does by itself when it starts."""
    api.get("/readyz")
    found: Resources = api.app.state.resources  # type: ignore[attr-defined]  # Starlette's
    return found


def in_use(resources: Resources) -> int:
    """Count the database connections in use."""
    return sum(number for _, state, number in resources.database.count_connections() if state == "in_use")


@pytest.fixture
def hashed(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Give the list of what is hashed from now on: at which cost, on which pool, with how many connections in use."""
    context, seen = resources.hashes.hasher._context, []  # noqa: SLF001 where every hash passes

    def note(work: Callable[..., Any], read_cost: Callable[..., str]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            result = work(*arguments)
            cost = read_cost(result, *arguments)
            seen.append((cost, threading.current_thread().name.partition("_")[0], in_use(resources)))
            return result

        return noted

    end = time.monotonic() + 60  # for what an API does by itself when it starts
    while in_use(resources) and time.monotonic() < end:
        time.sleep(0.01)
    monkeypatch.setattr(context, "verify", note(context.verify, lambda _right, _typed, stored: stored.split("$")[3]))
    monkeypatch.setattr(context, "hash", note(context.hash, lambda made, _typed: made.split("$")[3]))
    codes = resources.code_hasher
    monkeypatch.setattr(codes, "hash", note(codes.hash, lambda _made, _typed, _salt: "code"))
    return seen


ONE_HASH = [("m=8,t=1,p=1", "hash", 0)]
ONE_CODE = [("code", "hash", 0)]


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("name", ["alice", "alice@example.com", "nobody", "nobody@example.com", "no body!", "bob"])
def test_every_login_costs_one_hash(api: TestClient, hashed: list[Any], sql: RunSql, name: str) -> None:
    """Known or unknown, impossible, or without a password: one hash of the same cost, on the same pool."""
    register(api)
    register(api, "bob")
    sql("UPDATE users SET password_hash = NULL WHERE username = 'bob'")
    hashed.clear()
    answer = api.post("/login", json={"username": name, "password": "not the password"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_credentials")
    assert hashed == ONE_HASH


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("code", [None, "000000", "A" * 24])  # the last a recovery code of before
def test_a_second_factor_costs_no_other_time(api: TestClient, user_with_totp: SignedIn, hashed: Any, code: Any) -> None:
    """Without a code, with a wrong one and with a wrong recovery code, a login costs the hash that all cost."""
    answer = api.post("/login", json={"username": "alice", "password": PASSWORD, "totp": code})

    assert answer.status_code == 400
    assert hashed == ONE_HASH


@pytest.mark.asvs("6.3.8", "6.5.2")
def test_an_attempt_at_recovery_codes_costs_one_hash(
    api: TestClient, user_with_totp: SignedIn, hashed: Any, sql: RunSql
) -> None:
    """However many are left, and where there is none; whoever must wait costs none, and each new code costs one."""
    token = api.post("/login", json={"username": "alice", "password": PASSWORD}).json()["login_token"]

    def attempt() -> str:
        code: str = api.post("/login", json={"login_token": token, "totp": "AAAA-AAAA-AAAA-AAAA"}).json()["code"]
        return code

    hashed.clear()
    with_codes = [attempt() for _ in range(3)]
    sql("DELETE FROM recovery_codes")
    without = [attempt() for _ in range(3)]

    assert with_codes + without == ["totp_invalid"] * 5 + ["too_many_attempts"]
    assert hashed == ONE_CODE * 5
    assert user_with_totp.post("/totp/recovery-codes").is_success
    assert hashed == ONE_CODE * 15


def test_no_hash_holds_a_connection(api: TestClient, hashed: list[Any], alice: Person) -> None:
    """Registering, signing in, changing, proving and deleting hash outside of every transaction."""
    user = sign_in(api, alice)
    user.reauthenticate()
    user.update(new_password=NEW_PASSWORD)
    user = sign_in(api, Person(alice.email, None, NEW_PASSWORD))
    user.post("/totp/enable/start", {"current_password": NEW_PASSWORD})
    answer = user.post("/user/delete", {"confirm": True, "current_password": NEW_PASSWORD})

    assert answer.status_code == 200
    assert hashed == ONE_HASH * 8


@pytest.mark.asvs("2.4.1")
def test_what_is_shed_asks_the_database_nothing(api: TestClient, resources: Resources, alice: Person) -> None:
    """Refusing must cost next to nothing: a flood of refusals would take the cores that the hashes need."""
    resources.hashes.waiting = 1000
    with watching() as work:
        answer = api.post("/login", json={"email": alice.email, "password": alice.password})
    resources.hashes.waiting = 0

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer.headers["Retry-After"]) > 10
    assert work.statements == []


# --- on real processes -------------------------------------------------------------------------------------------


@LINUX
@pytest.mark.asvs("13.1.2", "15.2.2")
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_storm_stays_within_its_memory(start_api: StartApi) -> None:
    """Of 12 sign-ups at once, and 16 sign-ins after them, all are answered, and cost two hashes at a time."""
    server = start_api(HASH_THREADS="2", RATE_LIMITS_ENABLED="false", **FULL_MEMORY)
    with httpx2.Client(base_url=server.url, timeout=120, limits=httpx2.Limits(max_connections=30)) as http:
        assert http.get("/readyz").status_code == 200
        before = peak_mib(server.pid)
        with ThreadPoolExecutor(30) as threads:
            made = Counter(threads.map(lambda number: try_to_register(http, f"user{number}"), range(12)))
            seen = Counter(threads.map(lambda number: try_to_sign_in(http, f"user{number % 12}"), range(16)))

    assert set(made) <= {200, 503}, made  # on a crowded machine some are sent away, and have no account then
    assert set(seen) <= {200, 400, 503}, seen
    assert HASH_MIB < peak_mib(server.pid) - before < 2 * HASH_MIB + HASH_MIB * 0.75


def try_to_register(http: Any, name: str) -> int:
    """Return the status."""
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    status: int = http.post("/register", json=body).status_code
    return status


def try_to_sign_in(http: Any, name: str) -> int:
    """Return the status."""
    status: int = http.post("/login", json={"username": name, "password": PASSWORD}).status_code
    return status


def peak_mib(pid: int) -> float:
    """Read the most memory that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


@pytest.mark.asvs("13.1.2")
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("settings_changes", [{"jwt_secret_key": KEY}])
def test_reads_go_on_while_all_threads_hash(user: SignedIn, start_api: StartApi) -> None:
    """With one hash that takes for ever and another behind it, forty reads of a token are answered meanwhile."""
    slow = start_api(HASH_THREADS="1", JWT_SECRET_KEY=KEY, ARGON2_TIME_COST="1000", **FULL_MEMORY)
    with httpx2.Client(base_url=slow.url, timeout=60) as http, ThreadPoolExecutor(2) as threads:
        body = {"email": "new@example.com", "password": NEW_PASSWORD}
        storm = [threads.submit(http.post, "/register", json=body) for _ in range(2)]
        wait_for_a_hash(http)
        reads = [http.get("/user/profile", headers={"Authorization": f"Bearer {user.access_token}"}) for _ in range(40)]
        still_hashing = sum(not each.done() for each in storm)
        slow.stop(signal.SIGKILL)

    assert {answer.status_code for answer in reads} == {200}
    assert still_hashing == 2


def wait_for_a_hash(http: Any) -> None:
    """Wait until the hash queue has somebody in it."""
    end = time.monotonic() + 60
    while "pupero_hash_queue_depth 0.0" in http.get("/metrics").text and time.monotonic() < end:
        time.sleep(0.005)
