"""How what is removed in batches goes forward, so that no batch looks again at what those before it have removed."""

from typing import Generic, NamedTuple, TypeVar

Place = TypeVar("Place")

SIZE = 1000  # rows


class Batch(NamedTuple, Generic[Place]):
    """How many rows are gone, and where the next batch begins; None when none is left."""

    gone: int = 0
    reached: Place | None = None
