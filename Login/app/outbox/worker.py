"""The loop of a worker: delivers what is due, puts off what fails, gives up in the end; beside any number of twins.

A row is claimed by moving its next try to the end of a lease. A worker that dies leaves its claim to whoever comes
after the lease; one that was too slow finds at the end that the row is no longer its own.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

from app.crud.outbox import AWAY_WAIT, LONGEST_WAIT, Outbox, Queued
from app.errors import ApiError
from app.outbox.outcomes import NotDelivered, Refused, ServerAway
from app.resources import Resources
from app.runtime.bell import Bell

logger = logging.getLogger(__name__)

POLL = 3.0  # seconds; what this process queues rings a bell
PAUSE = 10.0  # seconds without a try while the server is away
BACK_OFF = [timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30)]
BACK_OFF += [*(timedelta(hours=hours) for hours in (1, 3, 6, 12)), LONGEST_WAIT]
LAST_WAIT = 5.0  # seconds that a stop waits for what is under way


class Events(NamedTuple):
    """How the log names what a worker does."""

    sent: str
    delayed: str
    dead: str
    away: str
    failed: str


class Worker(ABC):
    """One loop that delivers the rows of one queue."""

    def __init__(self, resources: Resources, queue: Outbox, bell: Bell, events: Events, lease: timedelta) -> None:
        """Take what it works with; `run` starts it."""
        self._resources = resources
        self._queue = queue
        self._bell = bell
        self._events = events
        self._lease = lease
        self._stopping = asyncio.Event()

    @abstractmethod
    async def deliver_due(self) -> None:
        """Deliver all that is due now; ServerAway when none gets through."""

    @abstractmethod
    async def _carry(self, row: Queued) -> None:
        """Hand one over, or raise NotDelivered."""

    @abstractmethod
    def close(self) -> None:
        """End the threads, and what they may be waiting for."""

    async def run(self) -> None:
        """Deliver until stopped; no failure ends it."""
        self._bell.listen()
        while not self._stopping.is_set():
            if await self._work():
                await self._bell.wait(POLL)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), PAUSE)

    async def _work(self) -> bool:
        """Do what is to be done; False when it makes no sense to go on at once."""
        try:
            await self.deliver_due()
        except (ServerAway, ApiError):  # the server or the database is away, and the log knows
            return False
        except Exception:
            logger.exception(self._events.failed)
            return False
        return True

    async def stop(self, task: asyncio.Task[None]) -> None:
        """Finish what is under way, or cut it off; its claim then ends by itself."""
        self._stopping.set()
        self._bell.ring()
        await asyncio.wait([task], timeout=LAST_WAIT)
        task.cancel()
        await asyncio.wait([task])
        self.close()

    async def _try(self, row: Queued) -> None:
        if claimed := await self._resources.database.transaction(self._queue.claim, row, self._lease):
            await self._deliver(claimed)

    async def _deliver(self, row: Queued) -> None:
        """Try one, and write down what became of it."""
        transaction, fields = self._resources.database.transaction, self._describe(row)
        try:
            await self._carry(row)
        except ServerAway as error:
            await transaction(self._queue.put_back, row, AWAY_WAIT)
            self._log(self._events.away, row, error)
            raise
        except NotDelivered as error:
            await self._put_off(row, error)
        except Exception:  # whatever is wrong with this one, the others must go out
            await transaction(self._queue.mark_dead, row)
            logger.exception(self._events.dead, extra={"event": fields})
        else:
            await transaction(self._queue.mark_sent, row)
            logger.info(self._events.sent, extra={"event": fields})

    async def _put_off(self, row: Queued, error: NotDelivered) -> None:
        """Let it wait for its next try, or give it up."""
        if isinstance(error, Refused) or row.tries > len(BACK_OFF):
            await self._resources.database.transaction(self._queue.mark_dead, row)
            self._log(self._events.dead, row, error)
        else:
            wait = max(BACK_OFF[row.tries - 1], min(error.wait, LONGEST_WAIT))
            await self._resources.database.transaction(self._queue.postpone, row, wait)
            self._log(self._events.delayed, row, error)

    def _log(self, event: str, row: Queued, error: Exception) -> None:
        fields = {**self._describe(row), "tries": row.tries, "reason": str(error)}
        logger.warning(event, extra={"event": fields})

    def _describe(self, row: Queued) -> dict[str, object]:
        return {self._queue.word: row.message_id, "kind": row.kind}


@contextlib.asynccontextmanager
async def running(*workers: Worker) -> AsyncIterator[None]:
    """Run workers beside what is inside, none in another's way."""
    tasks = [(worker, asyncio.create_task(worker.run())) for worker in workers]
    try:
        yield
    finally:
        await asyncio.gather(*(worker.stop(task) for worker, task in tasks))
