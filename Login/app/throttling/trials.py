"""Requests that are counted and not yet judged: whoever finds all places taken by them waits for the next verdict.

Else an office that signs in at once would be told to come back in a minute, though none of its passwords is wrong.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class _Group:
    number: int = 0
    verdict: asyncio.Event = field(default_factory=asyncio.Event)


class Trials:
    """What is under way in this process, by client group."""

    def __init__(self) -> None:
        """Begin with none."""
        self._groups: dict[str, _Group] = {}

    def find_verdict(self, group: str) -> asyncio.Event | None:
        """Return what is set at the group's next verdict, if any is due."""
        found = self._groups.get(group)
        return found.verdict if found else None

    @contextmanager
    def under_way(self, group: str) -> Iterator[None]:
        """Hold a trial open until its verdict."""
        mine = self._groups.setdefault(group, _Group())
        mine.number += 1
        try:
            yield
        finally:
            mine.number -= 1
            mine.verdict.set()
            mine.verdict = asyncio.Event()
            if not mine.number:
                del self._groups[group]
