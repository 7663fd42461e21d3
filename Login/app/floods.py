"""Floods: how many requests one client address may send, whatever they say.

The counts live in this process, or in the Redis that RATE_LIMIT_STORAGE_URI names, for all processes together.
While Redis is away each process counts for itself: a flood is then cut at the limit times the number of processes,
and nobody is turned away because a cache is down.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from app.clients import group_address
from app.errors import TooManyRequests
from app.flood_memory import FloodMemory

if TYPE_CHECKING:
    from app.flood_redis import SharedFloods

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Name: TypeAlias = Literal["login", "failed_login", "register", "reset", "link", "refresh", "proof", "call"]

# Per client address, behind which a whole office may sit: its members sign in once in the morning, mistype now and
# then, and refresh twice an hour, but nobody sends dozens of passwords a minute.
LIMITS: dict[Name, RateLimitItem] = {
    "login": parse("60/minute"),
    "failed_login": parse("30/minute"),  # one password at each of many accounts shows here and in no account's counter
    "register": parse("30/minute"),  # a class that signs up together
    "reset": parse("20/minute"),
    "link": parse("60/minute"),  # links from mails, of 256 bits each
    "refresh": parse("120/minute"),
    "proof": parse("30/minute"),  # whatever takes a password or code of somebody who is signed in
    "call": parse("6000/minute"),  # one indexed query each: only a program gone wild reaches this
}

SHARED_WAIT = 0.4  # seconds for Redis to answer
PAUSE = 5.0  # seconds without asking Redis again, so that its absence does not slow each request
SILENCE = 60.0  # seconds between two log lines about it


class Floods:
    """Counts requests by kind and client address."""

    def __init__(self, storage_uri: str | None, *, enforced: bool = True) -> None:
        """Prepare; Redis is first asked when the first request comes, and may be away then."""
        self._enforced = enforced
        self._local = MovingWindowRateLimiter(FloodMemory())
        self._redis = _open_redis(storage_uri) if storage_uri else None
        self._shared = MovingWindowRateLimiter(self._redis) if self._redis else None
        self._ask_again_at = self._log_again_at = 0.0

    async def hit(self, name: Name, address: str) -> None:
        """Count a request, or raise TooManyRequests."""
        key = (name, group_address(address))
        if not await self._ask(lambda limiter: limiter.hit(LIMITS[name], *key)):
            await self._refuse(name, key)

    async def require_room(self, name: Name, address: str) -> None:
        """Raise TooManyRequests when the next `note` would be one too many."""
        key = (name, group_address(address))
        if not await self._ask(lambda limiter: limiter.test(LIMITS[name], *key)):
            await self._refuse(name, key)

    async def note(self, name: Name, address: str) -> None:
        """Count what has happened already."""
        await self._ask(lambda limiter: limiter.hit(LIMITS[name], name, group_address(address)))

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            await self._redis.close()

    async def _refuse(self, name: Name, key: tuple[str, str]) -> None:
        if self._enforced:
            window = await self._ask(lambda limiter: limiter.get_window_stats(LIMITS[name], *key))
            raise TooManyRequests(retry_after=max(1, math.ceil(window.reset_time - time.time())))

    async def _ask(self, question: Callable[[MovingWindowRateLimiter], Awaitable[Result]]) -> Result:
        """Ask Redis when there is one that answers, else our own memory."""
        if self._shared is not None and time.monotonic() >= self._ask_again_at:
            try:
                async with asyncio.timeout(SHARED_WAIT):
                    return await question(self._shared)
            except (StorageError, TimeoutError) as error:
                self._do_without(error)
        return await question(self._local)

    def _do_without(self, error: Exception) -> None:
        now = time.monotonic()
        self._ask_again_at = now + PAUSE
        if now >= self._log_again_at:
            self._log_again_at = now + SILENCE
            reason = type(getattr(error, "storage_error", error)).__name__
            logger.warning("rate_limit_storage_unavailable", extra={"event": {"reason": reason, "used": "memory"}})


def _open_redis(uri: str) -> "SharedFloods":
    from app.flood_redis import SharedFloods  # noqa: PLC0415 six megabytes, for those only who have a Redis

    return SharedFloods(uri, SHARED_WAIT)
