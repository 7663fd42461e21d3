"""Queries that every queue of deliveries shares: whoever moves a row's next try on may deliver it (decision 7)."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, func, or_, select, update

from app.crud.clock import utc_horizon, utc_now
from app.crud.operations import current_time

QUEUED, SENT, DEAD = "queued", "sent", "dead"
AWAY_WAIT = timedelta(seconds=30)  # for a row that met no server; others were not even tried
LONGEST_WAIT = timedelta(hours=24)  # for one that failed
LISTED = 1000


class Queued(NamedTuple):
    """A row as its queue has it: what is to be delivered, and how often that was tried."""

    id: int
    message_id: str
    kind: str
    content: str | None
    tries: int
    created_at: datetime
    next_try_at: datetime


class Outbox:
    """A table of deliveries, each written in the transaction of its cause."""

    def __init__(self, table: Table, word: str, held_back: timedelta = timedelta(0)) -> None:
        """Take the table, what one of its rows is called, and how long one may be held back before its first try."""
        self.table = table
        self.word = word
        self._held_back = held_back
        self._columns = [table.c[name] for name in Queued._fields]

    def select(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """Begin a query for rows."""
        return select(*self._columns).where(*conditions)

    def is_due(self) -> ColumnElement[bool]:
        """Wait for a try whose time has come, or was never put off for so long: the clock was ahead then."""
        tries, next_try_at = self.table.c.tries, self.table.c.next_try_at
        untried = and_(tries == 0, next_try_at > utc_horizon(self._held_back))
        due = or_(next_try_at <= utc_now(), untried, next_try_at > utc_horizon(LONGEST_WAIT))
        return and_(self.table.c.state == QUEUED, due)

    def claim(self, connection: Connection, row: Queued, lease: timedelta) -> Queued | None:
        """Take a due row for so long; of rivals a single one succeeds, and a killed one's claim ends with its lease."""
        until = current_time(connection) + lease
        taken = self.change(connection, row, self.is_due(), tries=row.tries + 1, next_try_at=until)
        return row._replace(tries=row.tries + 1) if taken else None

    def mark_sent(self, connection: Connection, row: Queued) -> bool:
        """Note a delivery and erase the content, unless the claim was taken over meanwhile."""
        return self.change(connection, row, state=SENT, content=None, finished_at=current_time(connection))

    def mark_dead(self, connection: Connection, row: Queued) -> bool:
        """Give a row up; its content stays for an operator's retry."""
        return self.change(connection, row, state=DEAD, finished_at=current_time(connection))

    def postpone(self, connection: Connection, row: Queued, wait: timedelta) -> bool:
        """Put a claimed row back for a later try."""
        return self.change(connection, row, next_try_at=current_time(connection) + wait)

    def put_back(self, connection: Connection, row: Queued, wait: timedelta) -> bool:
        """Put a claimed row back as if it had not been tried, for it was not: no server was there."""
        return self.change(connection, row, tries=row.tries - 1, next_try_at=current_time(connection) + wait)

    def remove(self, connection: Connection, row: Queued) -> bool:
        """Take a row out of the queue, once."""
        return connection.execute(delete(self.table).where(self._is_same(row))).rowcount == 1

    def change(self, connection: Connection, row: Queued, *conditions: ColumnElement[bool], **values: object) -> bool:
        """Change a row that is still as it was read."""
        query = update(self.table).where(self._is_same(row), *conditions)
        return connection.execute(query.values(values)).rowcount == 1

    def list_dead(self, connection: Connection) -> list[Queued]:
        """List what was given up and can be tried again, the latest first."""
        latest = (self.table.c.finished_at.desc(), self.table.c.id.desc())
        rows = connection.execute(self.select(self._is_retriable()).order_by(*latest).limit(LISTED))
        return [Queued._make(row) for row in rows]

    def retry(self, connection: Connection, message_id: str | None = None) -> int:
        """Queue a dead row again, or all of them, and return how many."""
        query = update(self.table).where(self._is_retriable())
        query = query if message_id is None else query.where(self.table.c.message_id == message_id)
        values = {"state": QUEUED, "tries": 0, "next_try_at": current_time(connection), "finished_at": None}
        return connection.execute(query.values(values)).rowcount

    def measure(self, connection: Connection) -> tuple[int, float]:
        """Say how many rows wait, and for how many seconds the oldest has, by the database's clock."""
        waiting = select(utc_now(), func.count(), func.min(self.table.c.created_at))
        now, count, oldest = connection.execute(waiting.where(self.table.c.state == QUEUED)).one()
        return count, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0

    def _is_same(self, row: Queued) -> ColumnElement[bool]:
        """Be this row at this try: whoever claimed it later has moved the count on."""
        columns = self.table.c
        return and_(columns.id == row.id, columns.tries == row.tries, columns.state == QUEUED)

    def _is_retriable(self) -> ColumnElement[bool]:
        return and_(self.table.c.state == DEAD, self.table.c.content.is_not(None))
