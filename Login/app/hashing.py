"""A pool of its own for Argon2, so that a login storm slows nothing else and memory stays bounded.

Argon2 frees the interpreter lock; what it would take from the rest is cores and 64 MiB a hash. So there are as many
threads as cores of ours, at a lower priority, and a queue that refuses once waiting makes no sense.
"""

import asyncio
import contextlib
import math
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TypeVar

from app.auth import PasswordHasher
from app.errors import Busy
from app.metrics import HASH_WAIT
from app.threads import Team

Result = TypeVar("Result")

NICENESS = 10
QUEUE_MIN = 64
WAIT_MAX = 10.0  # seconds, as expected
PATIENCE = 30.0  # seconds, whatever was expected: a database that hangs stops the queue, and nobody waits for an answer
FIRST_GUESS = 0.2  # seconds a place is held until we have measured


def _stand_back() -> None:
    """Let everything else go first; Linux keeps this per thread and hands it on to those that Argon2 starts.

    SCHED_BATCH besides the niceness: a thread that wakes must not push a reader off its core (sched(7)).
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_BATCH, os.sched_param(0))


class HashPool:
    """Runs a PasswordHasher on its own threads."""

    def __init__(self, hasher: PasswordHasher, threads: int) -> None:
        """Start with no thread; each begins when first needed."""
        self.hasher = hasher
        self.threads = threads
        self.waiting = 0
        self._seconds = FIRST_GUESS
        self._turns = asyncio.Semaphore(threads)
        self._team = Team("hash", threads, _stand_back)

    def require_room(self) -> None:
        """Raise Busy when the queue is too long; what is asked first costs nothing else, so that hashes go on."""
        if self.waiting >= QUEUE_MIN + self.threads and self.expected_wait > WAIT_MAX:
            raise self._busy()

    @asynccontextmanager
    async def place(self) -> AsyncIterator["Place"]:
        """Wait in the queue until a thread is free, and hold it; Busy when the queue is too long."""
        self.require_room()
        self.waiting += 1
        try:
            await self._wait_for_turn()
            begin = perf_counter()
            try:
                yield Place(self)
            finally:
                self._turns.release()
                self._learn(perf_counter() - begin)
        finally:
            self.waiting -= 1

    async def _wait_for_turn(self) -> None:
        begin = perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise self._busy() from None
        HASH_WAIT.observe(perf_counter() - begin)

    def _busy(self) -> Busy:
        return Busy(retry_after=max(1, math.ceil(self.expected_wait)))

    def _learn(self, seconds: float) -> None:
        """Expect of the next place what the last ones took, with the counting in the database that is done there."""
        self._seconds += (seconds - self._seconds) / 8

    async def hash(self, password: str) -> str:
        """Hash a new password."""
        async with self.place() as place:
            return await place.hash(password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Compare with a stored hash; None costs the same and is never right."""
        async with self.place() as place:
            return await place.verify(password, stored)

    @property
    def expected_wait(self) -> float:
        """Seconds until a job handed in now would begin."""
        return max(0, self.waiting - self.threads + 1) * self._seconds / self.threads

    async def run(self, job: Callable[[], Result]) -> Result:
        """Run a job on one of the threads, for who holds a place."""
        return await self._team.run(job)

    def close(self) -> None:
        """Let running jobs end and drop those that wait."""
        self._team.close()


class Place:
    """A thread that is held: what is to be done right before and after a hash is done while holding it."""

    def __init__(self, pool: HashPool) -> None:
        """Belong to a pool, which alone makes places."""
        self._pool = pool

    async def hash(self, password: str) -> str:
        """Hash a new password."""
        return await self._pool.run(lambda: self._pool.hasher.hash(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Compare with a stored hash; None costs the same and is never right."""
        return await self._pool.run(lambda: self._pool.hasher.verify(password, stored))
