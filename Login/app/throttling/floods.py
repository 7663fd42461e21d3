"""Floods: how many requests one client address may send, whatever they say; and one IPv6 subscriber with many of them.

The counts live in this process, or in the Redis that RATE_LIMIT_STORAGE_URI names, for all processes together.
While Redis is away each process counts for itself: a flood is then cut at the limit times the number of processes,
and nobody is turned away because a cache is down.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from operator import methodcaller
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, TypeVar

from app.clients.addresses import list_networks
from app.errors import ApiError, TooManyRequests
from app.throttling.flood_memory import FloodMemory
from app.throttling.trials import Trials

if TYPE_CHECKING:
    from app.throttling.flood_redis import SharedFloods

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Name: TypeAlias = Literal[
    "login", "failed_login", "failed_service", "register", "reset", "link", "refresh", "proof", "challenge", "call"
]

MINUTE = 60  # seconds
# A minute, per client address, behind which a whole office may sit: its members sign in once in the morning, mistype
# now and then, and refresh twice an hour, but nobody sends dozens of passwords a minute.
LIMITS: dict[Name, int] = {
    "login": 60,
    "failed_login": 30,  # one password at each of many accounts shows here and in no account's counter
    "failed_service": 30,  # nobody guesses 256 bits, and a right secret from the same address is served all the while
    "register": 30,  # a class that signs up together
    "reset": 20,
    "link": 60,  # links from mails, of 256 bits each
    "refresh": 120,
    "proof": 30,  # whatever takes a password or code of somebody who is signed in
    "challenge": 60,  # a row of five minutes each: what a login page asks for when it is opened
    "call": 6000,  # one indexed query each: only a program gone wild reaches this
}

INTROSPECTIONS = 12_000  # a minute, per service that has proved who it is, wherever it asks from

# What a /64, the /56 and the /48 around it may send, in times the limit: a household or a company has one of them, and
# a provider of mobile phones may put hundreds of customers into one.
WIDER = (1, 2, 4)
ALONE = (1,)  # for calls: nothing is guessed there, and each read would count three times

VERDICT_WAIT = 10.0  # seconds for a place that others hold who are counted and not yet judged
SHARED_WAIT = 0.4  # seconds for Redis to answer
PAUSE = 5.0  # seconds without asking Redis again, so that its absence does not slow each request
SILENCE = 60.0  # seconds between two log lines about it


class Window(NamedTuple):
    """What counts a request: under which key, and how many it lets through in a minute."""

    key: str
    amount: int


def list_windows(name: Name, address: str) -> list[Window]:
    """Return all that count a request, the narrowest first: what that refuses must not use up the neighbours'."""
    factors = ALONE if name == "call" else WIDER
    networks = zip(factors, list_networks(address), strict=False)
    return [Window(f"{name}/{network}", LIMITS[name] * factor) for factor, network in networks]


class Floods:
    """Counts requests by kind and client address."""

    def __init__(self, storage_uri: str | None, *, enforced: bool = True) -> None:
        """Prepare; Redis is first asked when the first request comes, and may be away then."""
        self._enforced = enforced
        self._local = FloodMemory()
        self._shared = _open_redis(storage_uri) if storage_uri else None
        self._trials = Trials()
        self._ask_again_at = self._log_again_at = 0.0

    async def hit(self, name: Name, address: str) -> None:
        """Count a request, or raise TooManyRequests."""
        if full := await self._count(list_windows(name, address)):
            await self._refuse(full)

    async def hit_service(self, service: str) -> None:
        """Count a question of a service, or raise TooManyRequests."""
        if full := await self._count([Window(f"introspection/{service}", INTROSPECTIONS)]):
            await self._refuse(full)

    @asynccontextmanager
    async def trial(self, name: Name, address: str, *failures: type[ApiError]) -> AsyncIterator[None]:
        """Count what is about to be judged, and give it back unless it ends in one of the failures.

        A burst does not outrun a count that comes first. An outcome that we do not know stays counted.
        """
        group = list_networks(address)[-1]
        counted = await self._wait_for_place(group, list_windows(name, address))
        with self._trials.under_way(group):
            try:
                yield
            except ApiError as error:
                if not isinstance(error, failures):
                    await self._give_back(counted)
                raise
            await self._give_back(counted)

    async def _wait_for_place(self, group: str, windows: list[Window]) -> list[Window]:
        """Count, once there is room, and return what has to be given back; TooManyRequests when there is none."""
        end = time.monotonic() + VERDICT_WAIT
        verdict = self._trials.find_verdict(group)
        while full := await self._count(windows):
            if verdict is None or not self._enforced or not await _comes(verdict, end - time.monotonic()):
                await self._refuse(full)
                return []
            verdict = self._trials.find_verdict(group)
        return windows

    async def _count(self, windows: list[Window]) -> Window | None:
        """Count on all windows, or on none and return the one that is full."""
        for number, window in enumerate(windows):
            if not await self._hit(window):
                await self._give_back(windows[:number])
                return window
        return None

    async def _hit(self, window: Window) -> bool:
        return await self._ask(lambda memory: memory.acquire_entry(*window, MINUTE))

    async def _give_back(self, windows: list[Window]) -> None:
        for key, _ in reversed(windows):
            await self._ask(methodcaller("give_back", key))

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._shared is not None:
            await self._shared.close()

    async def _refuse(self, full: Window) -> None:
        if self._enforced:
            begin, _ = await self._ask(lambda memory: memory.get_moving_window(*full, MINUTE))
            raise TooManyRequests(retry_after=max(1, math.ceil(begin + MINUTE - time.time())))

    async def _ask(self, question: Callable[["FloodMemory | SharedFloods"], Awaitable[Result]]) -> Result:
        """Ask Redis when there is one that answers, else our own memory."""
        if self._shared is not None and time.monotonic() >= self._ask_again_at:
            try:
                async with asyncio.timeout(SHARED_WAIT):
                    return await question(self._shared)
            except self._shared.errors as error:
                self._do_without(error)
        return await question(self._local)

    def _do_without(self, error: Exception) -> None:
        now = time.monotonic()
        self._ask_again_at = now + PAUSE
        if now >= self._log_again_at:
            self._log_again_at = now + SILENCE
            reason = type(error).__name__
            logger.warning("rate_limit_storage_unavailable", extra={"event": {"reason": reason, "used": "memory"}})


async def _comes(verdict: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await verdict.wait()
    return False


def _open_redis(uri: str) -> "SharedFloods":
    from app.throttling.flood_redis import SharedFloods  # noqa: PLC0415 six megabytes, for those only who have a Redis

    return SharedFloods(uri, SHARED_WAIT)
