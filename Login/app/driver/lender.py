"""Lends connections: as few are open as are at work at the same time, and what is not needed any more is let go.

Threads that took turns with a connection each would keep all of them open, however little there is to do. The one that
was used last is lent first, so that the others grow old. A connection is not looked at between two pieces of work: that
alone cost every call a twentieth (docs/decisions/0011-what-a-call-costs.md).
"""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from app.driver.failures import connect, is_lost
from app.driver.places import is_left

Result = TypeVar("Result")

IDLE = 30  # seconds without work, after which a connection is closed; under the shortest wait_timeout in common use
LIFETIME = 280  # seconds, after which it is closed even if it is always at work


class _Kept(NamedTuple):
    connection: Connection
    opened: float
    used: float


class Budget:
    """How many connections the lenders of one database may have open together."""

    def __init__(self, most: int) -> None:
        """Take the number: as many as threads, each of which has one piece of work at a time."""
        self.most = most
        self.lock = threading.Lock()
        self.lenders: list[Lender] = []

    def take_surplus(self, now: float, room: int = 0) -> list[Connection]:
        """Take away what is to be closed: what is old, and the oldest of all while there is not `room` for more."""
        surplus = [connection for lender in self.lenders for connection in lender.take_old(now)]
        while self._count() + room > self.most and (idle := [lender for lender in self.lenders if lender.idle]):
            longest = min(idle, key=lambda lender: lender.idle[0].used)
            surplus.append(longest.idle.pop(0).connection)
        return surplus

    def _count(self) -> int:
        return sum(lender.in_use + len(lender.idle) for lender in self.lenders)


class Lender:
    """Lends the connections of one engine, whose own pool keeps none."""

    def __init__(self, engine: Engine, budget: Budget) -> None:
        """Share the budget with the other lenders."""
        self.idle: list[_Kept] = []  # by when they were used
        self.in_use = 0
        self._engine, self._budget = engine, budget
        budget.lenders.append(self)

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` on a connection that nobody else has meanwhile."""
        kept = self._take()
        try:
            result = work(kept.connection)
        except BaseException as error:
            self._settle(kept, error)
            raise
        self._give_back(kept)
        return result

    def count(self) -> dict[str, int]:
        """Count the open connections, in use and idle."""
        return {"in_use": self.in_use, "idle": len(self.idle)}

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._budget.lock:
            closing, self.idle = self.idle, []
        _close([kept.connection for kept in closing])

    def take_old(self, now: float) -> list[Connection]:
        """Take away what has had no work for long, has lived long enough, or leads to a host that was left."""
        old = [kept for kept in self.idle if _is_old(kept, now) or is_left(kept.connection)]
        if old:
            self.idle = [kept for kept in self.idle if kept not in old]
        return [kept.connection for kept in old]

    def _take(self) -> _Kept:
        now = time.monotonic()
        with self._budget.lock:
            surplus = self.take_old(now)
            kept = self.idle.pop() if self.idle else None
            if kept is None:
                surplus += self._budget.take_surplus(now, room=1)
            self.in_use += 1
        _close(surplus)
        return kept or self._open(now)

    def _open(self, now: float) -> _Kept:
        try:
            return _Kept(connect(self._engine), now, now)
        except BaseException:
            self._forget_one()
            raise

    def _give_back(self, kept: _Kept) -> None:
        now = time.monotonic()
        with self._budget.lock:
            self.in_use -= 1
            self.idle.append(kept._replace(used=now))
            surplus = self._budget.take_surplus(now)
        _close(surplus)

    def _settle(self, kept: _Kept, error: BaseException) -> None:
        """Keep a connection whose work failed or refused, unless it is of no more use."""
        if isinstance(error, Exception) and _roll_back(kept.connection):
            self._give_back(kept)
            return
        self._forget_one()
        _close([kept.connection])
        if is_lost(error):  # the others are to the same server
            for lender in self._budget.lenders:
                lender.close()

    def _forget_one(self) -> None:
        with self._budget.lock:
            self.in_use -= 1


def _is_old(kept: _Kept, now: float) -> bool:
    return now - kept.used > IDLE or now - kept.opened > LIFETIME


def _roll_back(connection: Connection) -> bool:
    try:
        connection.rollback()
    except Exception:  # noqa: BLE001 drivers raise what they like, and the connection is to be counted out whatever it is
        return False
    return not connection.invalidated


def _close(connections: list[Connection]) -> None:
    """Close at once: a ROLLBACK before it, which is what `close` alone would send, waits for a server that hangs."""
    for connection in connections:
        connection.invalidate()
        connection.close()
