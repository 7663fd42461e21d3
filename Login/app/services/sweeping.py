"""Sweeping expired rows, by whichever replica finds that it is time."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from app.crud import sweeping
from app.crud.batches import Batch, Pace
from app.crud.events import delete_old, list_keeps
from app.crud.mails import erase_orphans
from app.errors import ApiError
from app.resources import Resources
from app.services.consequences import announce

logger = logging.getLogger(__name__)

INTERVAL = timedelta(minutes=10)
ONCE_A_DAY = timedelta(days=1)
LOOK = 60.0  # seconds between looks at the schedule
PAUSE = 0.1  # seconds between batches, for everybody else: as long as the batch took, and no more than this


async def sweep_forever(resources: Resources) -> None:
    """Look now and then whether it is time, and sweep; a database that is away is met again at the next look."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            if await resources.database.transaction(sweeping.take_turn, "sweep", INTERVAL):
                await sweep(resources)
            if await resources.database.transaction(sweeping.take_turn, "unconfirmed", ONCE_A_DAY):
                await sweep_unconfirmed(resources)
        except ApiError:
            logger.warning("sweep_postponed")


async def sweep(resources: Resources) -> dict[str, int]:
    """Remove all expired rows, batch by batch, and return how many of each table."""
    counts = {}
    for expiry in sweeping.EXPIRIES:
        counts[expiry.table] = await _go_forward(resources, partial(sweeping.delete_expired, expiry=expiry))
    counts["events"] = await sweep_events(resources)
    await resources.database.transaction(erase_orphans)
    logger.info("swept", extra={"event": {"rows": {table: count for table, count in counts.items() if count}}})
    return counts


async def sweep_events(resources: Resources) -> int:
    """Remove what happened longer ago than is kept, batch by batch, and return how much."""
    count = 0
    for subject, keep in list_keeps(resources.settings.events_keep_days):
        count += await _go_forward(resources, partial(delete_old, subject=subject, keep=keep))
    return count


async def _go_forward(resources: Resources, remove: Callable[..., Batch[Any]]) -> int:
    """Remove batch after batch, each in a transaction of its own, and return how many rows."""
    count, reached, pace = 0, None, Pace()
    while True:
        began = time.monotonic()
        batch = await resources.database.transaction(remove, reached=reached, size=pace.size)
        took = time.monotonic() - began
        pace.note(took)
        count, reached = count + batch.gone, batch.reached
        if reached is None:
            return count
        await asyncio.sleep(min(PAUSE, took))


async def sweep_unconfirmed(resources: Resources) -> int:
    """Remove accounts that nobody confirmed or used in time, where mail is delivered; else nobody could confirm one."""
    if resources.settings.smtp_host is None:
        return 0
    count, keep = 0, resources.settings.unconfirmed_account_days
    for first in await resources.database.read(sweeping.list_slices):
        while gone := await resources.database.transaction(_sweep_slice, resources, first, keep):
            count += gone
            await asyncio.sleep(PAUSE)
    logger.info("unconfirmed_swept", extra={"event": {"accounts": count}})
    return count


def _sweep_slice(connection: Connection, resources: Resources, first: int, keep: timedelta) -> int:
    """Remove at most a batch of a slice's unused accounts; whoever was told that they began is told of their end."""
    gone = sweeping.delete_unconfirmed(connection, first, keep)
    for subject in gone:
        announce(connection, resources, "account.deleted", subject, {})
    return len(gone)
