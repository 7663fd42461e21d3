"""What an operator asks about events; the API itself has no need of these queries.

Each goes back in time from page to page by an index that ends in the id: none is longer for the rows before it, and
ten million of them need no more memory than one page.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from app.crud.accounts import users
from app.crud.events import EPOCH, EventRow, events, first_id

PAGE = 500  # rows
END = b"\xff" * 16  # above every id


@dataclass(frozen=True)
class Wanted:
    """Which events are asked for; what is None or empty asks for all."""

    subject: str | None = None
    kinds: tuple[str, ...] = ()
    address: str | None = None
    since: datetime | None = None
    limit: int | None = None

    @property
    def page(self) -> int:
        """Return how many rows to ask for at once."""
        return min(self.limit or PAGE, PAGE)


class Found(NamedTuple):
    """What happened, and the address of the account if there still is one."""

    event: EventRow
    email: str | None


def find_events(connection: Connection, wanted: Wanted) -> Iterator[Found]:
    """Find events, the latest first.

    Several kinds are a query each and merged here, for no index has an order across them.
    """
    scans = (_scan(connection, wanted, kind) for kind in wanted.kinds or [None])
    return islice(heapq.merge(*scans, key=_read_id, reverse=True), wanted.limit)


def has_events(connection: Connection, subject: str) -> bool:
    """Whether anything happened to whom this public id or pseudonym is, or was."""
    query = select(events.c.id).where(events.c.subject == subject).limit(1)
    return connection.execute(query).first() is not None


def _scan(connection: Connection, wanted: Wanted, kind: str | None) -> Iterator[Found]:
    conditions = list(_list_conditions(wanted, kind))
    columns = [events.c[name] for name in EventRow._fields]
    query = select(*columns, users.c.email).outerjoin_from(events, users, users.c.public_id == events.c.subject)
    query = query.where(*conditions).order_by(events.c.id.desc()).limit(wanted.page)
    before, full = END, True
    while full:
        page = connection.execute(query.where(events.c.id < before)).all()
        yield from (Found(EventRow._make(row[:-1]), row[-1]) for row in page)
        full = len(page) == wanted.page
        before = page[-1][0] if page else before


def _list_conditions(wanted: Wanted, kind: str | None) -> Iterator[ColumnElement[bool]]:
    if wanted.subject is not None:
        yield events.c.subject == wanted.subject
    if kind is not None:
        yield events.c.kind == kind
    if wanted.address is not None:
        yield events.c.client_address == wanted.address
    if wanted.since is not None:
        # Refusals are summed up in a row that lies where their minute began.
        yield events.c.id >= first_id(max(wanted.since, EPOCH).replace(second=0, microsecond=0))
        yield events.c.last_at >= wanted.since


def _read_id(found: Found) -> bytes:
    return found.event.id
