"""--sweep: removes what has expired, in small batches, as the API does by itself."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from app.crud.batches import Batch, Pace
from app.crud.events import delete_old, list_keeps
from app.crud.mails import erase_orphans
from app.crud.sweeping import EXPIRIES, delete_expired
from app.driver.failures import find_pause, is_passing
from CreateDB.command.api_settings import load_for
from CreateDB.command.arguments import Arguments
from CreateDB.command.errors import OperatorError
from CreateDB.command.terminal import count, say
from CreateDB.command.urls import describe
from CreateDB.server.engine import make_engine

TRIES = 5
QUIET = 5.0  # seconds without a word


def sweep(arguments: Arguments, url: URL) -> int:
    """Do --sweep: remove all expired rows and tell how many of each table."""
    say(f"Connecting to {describe(url)} ...")
    engine = make_engine(url, echo=arguments.echo)
    for expiry in EXPIRIES:
        total = _repeat(engine, expiry.table, partial(delete_expired, expiry=expiry))
        say(f"{expiry.table}: {count(total, 'expired row')} removed.")
    say(f"events: {_sweep_events(engine, url)}")
    with engine.begin() as connection:
        erased = erase_orphans(connection)
    say(f"mails: {erased} to deleted accounts erased.")
    return 0


def _sweep_events(engine: Engine, url: URL) -> str:
    """Remove what happened longer ago than the API's settings say; without them nothing, for it cannot come back."""
    try:
        keeps = list_keeps(load_for(url).events_keep_days)
    except OperatorError as refusal:
        return f"none removed. {refusal}"
    total = sum(_repeat(engine, "events", partial(delete_old, subject=subject, keep=keep)) for subject, keep in keeps)
    return f"{count(total, 'expired row')} removed."


def _repeat(engine: Engine, table: str, remove: Callable[..., Batch[Any]]) -> int:
    """Remove batches until none is left, each in a transaction of its own, and return how many rows."""
    total, reached, pace, progress = 0, None, Pace(), Progress(table)
    with engine.connect() as connection:
        while True:
            began = time.monotonic()
            batch = _remove_batch(connection, partial(remove, reached=reached, size=pace.size))
            pace.note(time.monotonic() - began)
            total, reached = total + batch.gone, batch.reached
            if reached is None:
                return total
            progress.tell(total)


def _remove_batch(connection: Connection, remove: Callable[[Connection], Batch[Any]]) -> Batch[Any]:
    """Remove a batch, again when somebody who ends sessions of the same person was in the way."""
    for tries_left in reversed(range(TRIES)):
        try:
            with connection.begin():
                return remove(connection)
        except DBAPIError as error:
            if not tries_left or error.connection_invalidated or not is_passing(error):
                raise
            time.sleep(find_pause(error))
    raise AssertionError("the last try returns or raises")


class Progress:
    """Tells now and then how far a long removal is, for whoever waits at the terminal."""

    def __init__(self, table: str) -> None:
        """Begin the first wait."""
        self._table, self._told_at = table, time.monotonic()

    def tell(self, total: int) -> None:
        """Say how many rows are gone, if nothing was said for a while."""
        if time.monotonic() - self._told_at >= QUIET:
            say(f"{self._table}: {count(total, 'row')} removed so far ...")
            self._told_at = time.monotonic()
