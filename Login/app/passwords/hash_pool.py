"""A pool of its own for Argon2, so that a login storm slows nothing else and memory stays bounded.

Argon2 frees the interpreter lock; what it would take from the rest is cores and 64 MiB a hash. So there are as many
threads as cores of ours, at a lower priority, and a queue that refuses once waiting makes no sense. It is fair among
client groups (`fair_queue.py`), and when it is full it refuses whoever holds most of it.
"""

import asyncio
import math
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from time import perf_counter
from typing import TypeVar

from app.auth import PasswordHasher
from app.errors import Busy
from app.passwords.fair_queue import FairQueue, Party, Waiter
from app.runtime.arrival import time_left
from app.runtime.metrics import HASH_WAIT
from app.runtime.threads import Team

Result = TypeVar("Result")

NICENESS = 10
QUEUE_MIN = 64
WAIT_MAX = 10.0  # seconds, as expected
PATIENCE = 15.0  # seconds from a request's arrival, whatever was expected: what comes after a hash takes its time, too
LOOKS = 2  # at a time, while the queue is full: whether this is an owner for whom there is a place all the same
NOBODY = Party("")
FIRST_GUESS = 0.2  # seconds a place is held until we have measured


def _stand_back() -> None:
    """Let everything else go first; Linux keeps this per thread and hands it on to those that Argon2 starts.

    SCHED_BATCH besides the niceness: a thread that wakes must not push a reader off its core (sched(7)).
    """
    if sys.platform == "linux":
        with suppress(OSError):
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
        self._free = threads
        self._looks = 0
        self._queue = FairQueue()
        self._team = Team("hash", threads, _stand_back)

    @contextmanager
    def look(self, group: str) -> Iterator[None]:
        """Raise Busy when there will be no place for this group, before it costs anything: hashes must go on.

        Of a full queue some places are for owners, whom only the database knows. So few at a time, of groups that hold
        no place yet, are let through to ask it.
        """
        must_look = self._is_full() and self._queue.find_greediest(Party(group)) is None
        if must_look and not self._may_look(group):
            raise self._busy()
        self._looks += must_look
        try:
            yield
        finally:
            self._looks -= must_look

    def _may_look(self, group: str) -> bool:
        is_room = self._queue.find_greediest(Party(group, known=True)) is not None
        return is_room and self._looks < LOOKS and not self._queue.count(group)

    def _is_full(self) -> bool:
        return self.waiting >= QUEUE_MIN + self.threads and self.expected_wait > WAIT_MAX

    @asynccontextmanager
    async def place(self, party: Party = NOBODY) -> AsyncIterator[None]:
        """Wait in the queue until a thread is free, and hold it; Busy when the queue is full of one's own.

        What is to be done right before and after a hash is done while holding it.
        """
        if time_left(PATIENCE) < 0:
            raise self._busy()
        if self._is_full():
            self._make_room(party)
        self.waiting += 1
        try:
            await self._wait_for_turn(party)
            begin = perf_counter()
            try:
                yield
            finally:
                self._pass_on()
                # What the last places took, with the counting in the database, is expected of the next.
                self._seconds += (perf_counter() - begin - self._seconds) / 8
        finally:
            self.waiting -= 1

    def _make_room(self, party: Party) -> None:
        """Send away whoever holds most of the queue: the one who comes now, or the last of a longer line."""
        greediest = self._queue.find_greediest(party)
        if greediest is None:
            raise self._busy()
        self._queue.remove(greediest)
        if not greediest.turn.done():
            greediest.turn.set_exception(self._busy())

    async def _wait_for_turn(self, party: Party) -> None:
        begin = perf_counter()
        if self._free:
            self._free -= 1
        else:
            await self._stand_in_line(self._queue.add(party))
        HASH_WAIT.observe(perf_counter() - begin)

    async def _stand_in_line(self, waiter: Waiter) -> None:
        try:
            async with asyncio.timeout(time_left(PATIENCE)):
                await waiter.turn
        except TimeoutError:
            self._leave(waiter)
            raise self._busy() from None
        except asyncio.CancelledError:
            self._leave(waiter)
            raise

    def _leave(self, waiter: Waiter) -> None:
        self._queue.remove(waiter)
        turn = waiter.turn
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._pass_on()  # it came in the very moment in which nobody waited for it any more

    def _pass_on(self) -> None:
        """Hand a thread that is free to whose turn it is."""
        while waiter := self._queue.take_next():
            if not waiter.turn.done():
                waiter.turn.set_result(None)
                return
        self._free += 1

    def _busy(self) -> Busy:
        return Busy(retry_after=max(1, math.ceil(self.expected_wait)))

    async def hash(self, password: str, party: Party = NOBODY) -> str:
        """Hash a new password."""
        async with self.place(party):
            return await self.run(lambda: self.hasher.hash(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Compare with a stored hash, for who holds a place; None costs the same and is never right."""
        return await self.run(lambda: self.hasher.verify(password, stored))

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
