"""Threads of our own beside the event loop, which hands them jobs and awaits what comes of them.

Python's executors wrap each job in a second future, with a lock and a condition of its own: that hop alone cost every
call a tenth (docs/decisions/0011-what-a-call-costs.md).
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")


class Team:
    """So many threads at most, each started when first needed; jobs are begun in the order in which they came."""

    def __init__(self, name: str, size: int, begin: Callable[[], None] | None = None) -> None:
        """Start with no thread; each calls `begin` first."""
        self._name = name
        self._size = size
        self._begin = begin
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._members: list[threading.Thread] = []

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, or raise what it raises; one that nobody awaits any more is not begun."""
        if len(self._members) < self._size:
            self._hire()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._jobs.put(partial(_do, future, contextvars.copy_context(), work))
        return await future

    def close(self) -> None:
        """Let running jobs end, and drop those that wait."""
        with suppress(Empty):
            while True:
                self._jobs.get_nowait()
        for _ in self._members:
            self._jobs.put(None)
        for member in self._members:
            member.join()

    def _hire(self) -> None:
        """Start one more thread; where the system gives none, those that there are do the work."""
        name = f"{self._name}_{len(self._members)}"
        # A daemon: a process that never calls `close` may end all the same.
        member = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            member.start()
        except RuntimeError:
            if not self._members:
                raise
        else:
            self._members.append(member)

    def _serve(self) -> None:
        if self._begin is not None:
            self._begin()
        while job := self._jobs.get():
            job()
            del job  # what it holds must not wait for the next


def _do(future: asyncio.Future[Result], context: contextvars.Context, work: Callable[[], Result]) -> None:
    if future.cancelled():
        return
    try:
        result = context.run(work)
    except BaseException as error:  # noqa: BLE001 whoever waits must hear of it, whatever it is
        _tell(future, future.set_exception, error)
    else:
        _tell(future, future.set_result, result)


def _tell(future: asyncio.Future[Any], settle: Callable[[Any], None], outcome: object) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        future.get_loop().call_soon_threadsafe(_settle, future, settle, outcome)


def _settle(future: asyncio.Future[Any], settle: Callable[[Any], None], outcome: object) -> None:
    if not future.done():  # whoever waited may have left
        settle(outcome)
