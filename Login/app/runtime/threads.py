"""Threads of our own beside the event loop, which hands them jobs and awaits what comes of them.

Python's executors wrap each job in a second future, with a lock and a condition of its own: that hop alone cost every
call a tenth (docs/decisions/0011-what-a-call-costs.md).
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeAlias, TypeVar

Result = TypeVar("Result")


class _Job(NamedTuple):
    """What is to be done, in the context of whoever asked, and the future through which they hear of it."""

    work: Callable[[], Any]
    context: contextvars.Context
    future: "asyncio.Future[Any]"


_Jobs: TypeAlias = SimpleQueue[_Job | None]


class Team:
    """So many threads at most, each started when first needed; jobs are begun in the order in which they came."""

    def __init__(self, name: str, size: int, begin: Callable[[], None] | None = None) -> None:
        """Start with no thread; each calls `begin` first."""
        self._name = name
        self._size = size
        self._begin = begin
        self._jobs: _Jobs = SimpleQueue()
        self._members: list[threading.Thread] = []

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, or raise what it raises; one that nobody awaits any more is not begun."""
        if len(self._members) < self._size:
            self._hire()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, contextvars.copy_context(), future))
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
        while (job := self._jobs.get()) is not None:
            _do(job)
            del job  # what it holds must not wait for the next


def _do(job: _Job) -> None:
    if job.future.cancelled():
        return
    try:
        result = job.context.run(job.work)
    except BaseException as error:  # noqa: BLE001 whoever waits must hear of it, whatever it is
        _tell(job.future, job.future.set_exception, error)
    else:
        _tell(job.future, job.future.set_result, result)


def _tell(future: "asyncio.Future[Any]", settle: Callable[[Any], None], outcome: object) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        future.get_loop().call_soon_threadsafe(_settle, future, settle, outcome)


def _settle(future: "asyncio.Future[Any]", settle: Callable[[Any], None], outcome: object) -> None:
    if not future.done():  # whoever waited may have left
        settle(outcome)
