"""--sweep: removes what has expired, in small batches, as the API does by itself."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import URL, Engine

from app.crud.batches import Batch
from app.crud.events import delete_old, list_keeps
from app.crud.mails import erase_orphans
from app.crud.sweeping import EXPIRIES, delete_expired
from CreateDB.command.api_settings import load_for
from CreateDB.command.arguments import Arguments
from CreateDB.command.errors import OperatorError
from CreateDB.command.terminal import count, say
from CreateDB.command.urls import describe
from CreateDB.server.engine import make_engine


def sweep(arguments: Arguments, url: URL) -> int:
    """Do --sweep: remove all expired rows and tell how many of each table."""
    say(f"Connecting to {describe(url)} ...")
    engine = make_engine(url, echo=arguments.echo)
    for expiry in EXPIRIES:
        total = _repeat(engine, partial(delete_expired, expiry=expiry))
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
    total = sum(_repeat(engine, partial(delete_old, subject=subject, keep=keep)) for subject, keep in keeps)
    return f"{count(total, 'expired row')} removed."


def _repeat(engine: Engine, remove: Callable[..., Batch[Any]]) -> int:
    """Remove batches until none is left, each in a transaction of its own, and return how many rows."""
    total, reached = 0, None
    with engine.connect() as connection:
        while True:
            with connection.begin():
                batch = remove(connection, reached=reached)
            total, reached = total + batch.gone, batch.reached
            if reached is None:
                return total
