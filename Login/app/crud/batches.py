"""How what is removed in batches goes forward, so that no batch looks again at what those before it have removed."""

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Table, select, tuple_

from app.crud.indexed import PRIMARY, delete_by

Place = TypeVar("Place")

SIZE, LEAST, MOST = 1000, 500, 5000  # rows of the first batch, and of any
STEP = 0.1  # seconds that a batch may take: its rows stay locked, and a replica applies nothing else, for as long


class Batch(NamedTuple, Generic[Place]):
    """How many rows are gone, and where the next batch begins; None when none is left."""

    gone: int = 0
    reached: Place | None = None


class Pace:
    """How many rows a batch has: as many as can be removed in a step, by what the ones before it took."""

    def __init__(self) -> None:
        """Begin with few."""
        self.size = SIZE

    def note(self, seconds: float) -> None:
        """Take how long a batch of this size took: the next may be twice as large at most, a stall makes it small."""
        self.size = max(LEAST, min(MOST, int(self.size * min(2.0, STEP / max(seconds, STEP / 100)))))


def delete_stretch(
    connection: Connection, place: Column[Any], which: ColumnElement[bool], reached: Place | None, size: int
) -> Batch[Place] | None:
    """Remove `size` rows at most in the order of a place's index, up to where the next batch begins.

    The server does it by itself: to have a thousand keys read out to us and written back costs both sides time.
    None when more rows than that share the place that was reached: a stretch would have no bound. None, too, when no
    more are ahead: the server locks the row behind a stretch as well, which is somebody's who is still there.
    """
    # From the start each time, the server would walk past all that is removed and not yet cleared away.
    ahead = which if reached is None else which & (place >= reached)
    bound: Place | None = connection.execute(select(place).where(ahead).order_by(place).offset(size).limit(1)).scalar()
    if bound is None or bound == reached:
        return None
    index = PRIMARY if place.primary_key else f"ix_{place.table.name}_{place.name}"
    return Batch(delete_by(connection, place.table, index, ahead & (place < bound)), bound)


def delete_listed(
    connection: Connection, place: Column[Any], which: ColumnElement[bool], reached: Place | None, size: int
) -> Batch[Place]:
    """Remove a batch by the keys of its rows: locked in no order but theirs, and however many share a place."""
    table, size = place.table, min(size, SIZE)  # a longer list is no faster
    ahead = which if reached is None else which & (place >= reached)
    rows = connection.execute(select(place, *table.primary_key).where(ahead).order_by(place).limit(size)).all()
    if not rows:
        return Batch()
    # Asked again, because a counter may have begun anew since.
    gone = delete_by(connection, table, PRIMARY, _is_one_of(table, [row[1:] for row in rows]) & which)
    return Batch(gone, rows[-1][0] if len(rows) == size else None)


def _is_one_of(table: Table, keys: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
    """Be one of these rows; a key of one column is compared as such, which takes a third less of our own time."""
    columns = list(table.primary_key)
    if len(columns) == 1:
        return columns[0].in_([key for (key,) in keys])
    return tuple_(*columns).in_(list(map(tuple, keys)))
