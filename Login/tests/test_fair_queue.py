"""The hash queue is fair: a storm delays and sheds itself, and owners at addresses that know them have their share."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from app.auth import PasswordHasher
from app.errors import Busy
from app.passwords import hash_pool as hashing
from app.passwords.fair_queue import Party, party_of
from app.passwords.hash_pool import HashPool
from testing.api import PASSWORD, StartApi, register
from testing.loops import finish

STORM, OFFICE, OWNER = Party("198.51.100.1"), Party("203.0.113.9"), Party("192.0.2.7", known=True)
HOME = "192.0.2.7"


@pytest.fixture
def pool() -> Iterator[HashPool]:
    """Give a pool of one thread."""
    pool = HashPool(PasswordHasher(time_cost=1, memory_kib=8, parallelism=1), 1)
    yield pool
    pool.close()


class Crowd:
    """Parties who wait for the one thread, and what became of them, in order."""

    def __init__(self, pool: HashPool) -> None:
        """Take the pool."""
        self.served: list[Party] = []
        self.shed: list[Party] = []
        self._pool = pool
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, *parties: Party) -> None:
        """Let each stand in line, one after the other."""
        for party in parties:
            self._tasks.append(asyncio.create_task(self._wait(party)))
            await settle()

    async def end(self) -> None:
        """Wait until nobody waits."""
        await asyncio.gather(*self._tasks)

    async def _wait(self, party: Party) -> None:
        try:
            async with self._pool.place(party):
                self.served.append(party)
        except Busy:
            self.shed.append(party)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


def gather(pool: HashPool, visit: Callable[[Crowd], Awaitable[None]]) -> Crowd:
    """Let parties come while the thread is held, then serve all who are left."""

    async def all_of_it() -> Crowd:
        crowd = Crowd(pool)
        async with pool.place():
            await visit(crowd)
        await crowd.end()
        return crowd

    return finish(all_of_it())


def botnet(number: int) -> list[Party]:
    """Return so many parties from as many addresses."""
    return [Party(f"100.64.0.{each}") for each in range(number)]


# --- whose turn it is --------------------------------------------------------------------------------------------


@pytest.mark.asvs("2.4.1", "13.1.2")
def test_groups_are_served_in_turn(pool: HashPool) -> None:
    """Who comes after sixty of one address waits for two hashes, not for sixty."""

    async def visit(crowd: Crowd) -> None:
        await crowd.come(*[STORM] * 60, OFFICE, OFFICE)

    crowd = gather(pool, visit)

    assert crowd.served[:5] == [STORM, OFFICE, STORM, OFFICE, STORM]
    assert (len(crowd.served), crowd.shed) == (62, [])


def test_known_addresses_have_every_second_turn(pool: HashPool) -> None:
    """A botnet of forty addresses delays an owner at home by one hash."""

    async def visit(crowd: Crowd) -> None:
        await crowd.come(*botnet(40), OWNER, OWNER)

    crowd = gather(pool, visit)

    assert [party.known for party in crowd.served[:4]].count(True) == 2


# --- when it is full ---------------------------------------------------------------------------------------------


@pytest.mark.asvs("2.4.1")
def test_a_storm_is_shed_before_anybody_else(pool: HashPool) -> None:
    """The queue is full of one address: others take its places, and only it is told to come back."""

    async def visit(crowd: Crowd) -> None:
        await crowd.come(*[STORM] * 70, *botnet(20), OWNER)

    crowd = gather(pool, visit)

    assert set(crowd.shed) == {STORM}
    assert Counter(party == STORM for party in crowd.served) == {True: 43, False: 21}


def test_equals_are_not_sent_away_for_each_other(pool: HashPool) -> None:
    """When everybody has one place, a newcomer is refused, unless the account knows where they come from."""

    async def visit(crowd: Crowd) -> None:
        await crowd.come(*botnet(64), OFFICE, OWNER)

    crowd = gather(pool, visit)

    assert OWNER in crowd.served
    assert crowd.shed[0] == OFFICE
    assert len(crowd.shed) == 2


def test_a_known_address_may_not_take_more_than_half(pool: HashPool) -> None:
    """Somebody who signs in and then storms from there leaves strangers their share."""

    async def visit(crowd: Crowd) -> None:
        await crowd.come(*[OWNER] * 70, *botnet(40))

    crowd = gather(pool, visit)

    assert len([party for party in crowd.served if not party.known]) == 32


def test_one_subscriber_is_one_group() -> None:
    """Whoever has a /48 does not have 65,536 turns."""
    assert party_of("2001:db8:7:1::1") == party_of("2001:db8:7:ffff::1")
    assert party_of("2001:db8:8::1") != party_of("2001:db8:7::1")


def looks(pool: HashPool, *parties: Party) -> list[bool]:
    """Say who may ask the database, when all of them come at once."""
    with ExitStack() as stack:
        return [may_look(pool, party, stack) for party in parties]


def may_look(pool: HashPool, party: Party, stack: ExitStack) -> bool:
    """Say whether somebody may ask, who then does so until the stack is closed."""
    try:
        stack.enter_context(pool.look(party.group))
    except Busy:
        return False
    return True


@pytest.mark.asvs("2.4.1")
def test_refusing_costs_next_to_nothing(pool: HashPool) -> None:
    """Of a full queue, two newcomers at a time may ask whether there is a place for them, and nobody who has one."""
    seen: list[list[bool]] = []

    async def visit(crowd: Crowd) -> None:
        await crowd.come(*botnet(64))
        seen.extend([looks(pool, *[OFFICE] * 3), looks(pool, OFFICE), looks(pool, *botnet(3))])
        await crowd.come(*[Party(f"192.0.2.{each}", known=True) for each in range(40)])
        seen.append(looks(pool, OFFICE))

    gather(pool, visit)

    assert seen == [[True, True, False], [True], [False] * 3, [False]]


def test_a_storm_asks_nothing_and_others_ask_freely(pool: HashPool) -> None:
    """A queue that is full of one group has room for everybody else."""
    seen: list[list[bool]] = []

    async def visit(crowd: Crowd) -> None:
        await crowd.come(*[STORM] * 64)
        seen.extend([looks(pool, STORM), looks(pool, *botnet(5))])

    gather(pool, visit)

    assert seen == [[False], [True] * 5]


# --- who gives up ------------------------------------------------------------------------------------------------


@pytest.mark.asvs("1.4.3")
def test_a_place_of_somebody_who_left_is_not_lost(pool: HashPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled while waiting, cancelled with the turn in hand, out of patience: the thread serves the next."""

    async def leave() -> tuple[bool, int]:
        async with pool.place():
            waiting = [asyncio.create_task(pool.hash("x", STORM)) for _ in range(3)]
            await settle()
            waiting[0].cancel()
            await settle()
        waiting[1].cancel()  # its turn has just come
        await settle()
        async with pool.place():
            monkeypatch.setattr(hashing, "PATIENCE", 0.01)
            with pytest.raises(Busy):
                await pool.hash("x", OFFICE)
        monkeypatch.setattr(hashing, "PATIENCE", 60.0)
        await asyncio.gather(*waiting, return_exceptions=True)
        return "argon2id" in await pool.hash("x"), pool.waiting

    assert finish(leave()) == (True, 0)


# --- on a real process -------------------------------------------------------------------------------------------


def log_in(http: httpx2.Client, name: str, address: str, password: str = PASSWORD) -> httpx2.Response:
    """Try to sign in."""
    body = {"username": name, "password": password}
    return http.post("/login", json=body, headers={"X-Forwarded-For": address})


def wait_for_a_queue(http: httpx2.Client, length: int) -> None:
    """Wait until so many wait for a hash, or are being hashed."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        lines = http.get("/metrics").text.splitlines()
        if float(next(line for line in lines if line.startswith("pupero_hash_queue_depth ")).split()[1]) >= length:
            return
        time.sleep(0.01)
    raise AssertionError("no queue")


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: who waits for a hash waits for no database."""
    return sqlite_copy


@pytest.fixture
def slow(start_api: StartApi) -> Iterator[httpx2.Client]:
    """Give a client of an API that hashes one password at a time, in a tenth of a second or more; alice is at home."""
    costly = {"ARGON2_MEMORY_KIB": "65536", "ARGON2_TIME_COST": "3", "HASH_THREADS": "1"}
    server = start_api(RATE_LIMITS_ENABLED="false", **costly)
    with httpx2.Client(base_url=server.url, timeout=120, limits=httpx2.Limits(max_connections=200)) as http:
        register(http)
        assert log_in(http, "alice", HOME).status_code == 200
        yield http


BUSY = 503
HANDFUL = 30  # hashes of sixty: two or three, and as many as a crowded machine makes before a request has got through


def race(http: httpx2.Client, storm: list[tuple[str, str]], owner: tuple[str, str]) -> tuple[Any, int, Counter[int]]:
    """Let an owner come behind a storm; return the answer, how many of the storm came before it, and all statuses."""
    with ThreadPoolExecutor(len(storm)) as threads:
        others = [threads.submit(log_in, http, name, address, "not the password") for name, address in storm]
        wait_for_a_queue(http, min(len(storm), 60) - 10)
        already = sum(each.done() for each in others)
        answer = log_in(http, *owner)
        while answer.status_code == BUSY and not all(each.done() for each in others):
            answer = log_in(http, *owner)  # two newcomers at a time were looked at; a moment later the owner is
        before = sum(each.done() for each in others) - already
        return answer, before, Counter(each.result().status_code for each in others)


@pytest.mark.asvs("2.4.1", "13.1.2")
def test_an_owner_does_not_wait_for_a_storm(slow: httpx2.Client) -> None:
    """Sixty at once from one address, and one who comes after: a handful of hashes, not sixty, come before theirs."""
    storm = [(f"person{number}", "198.51.100.1") for number in range(60)]
    answer, before, seen = race(slow, storm, ("alice", HOME))

    assert answer.status_code == 200
    assert before <= HANDFUL + seen[503]
    assert set(seen) <= {400, 503}


def test_a_stranger_does_not_wait_for_a_storm_either(slow: httpx2.Client) -> None:
    """Nor does whoever signs in from somewhere for the first time, and an account that there is not waits as long."""
    storm = [(f"person{number}", f"2001:db8:7:{number:x}::1") for number in range(60)]
    answer, before, seen = race(slow, storm, ("alice", "203.0.113.9"))
    nobody, before_nobody, seen_again = race(slow, storm, ("nobody", "203.0.113.10"))

    assert (answer.status_code, nobody.status_code) == (200, 400)
    assert before <= HANDFUL + seen[503]
    assert before_nobody <= HANDFUL + seen_again[503]


def test_a_botnet_does_not_keep_an_owner_out(slow: httpx2.Client) -> None:
    """A hundred and fifty addresses fill the queue; at home it opens all the same, after a handful of hashes."""
    storm = [(f"person{number}", f"198.51.{number}.1") for number in range(150)]
    answer, before, seen = race(slow, storm, ("alice", HOME))

    assert answer.status_code == 200
    assert set(seen) <= {400, 503}
    assert before <= HANDFUL + seen[503]
