"""Requests that are counted and not yet judged: whoever finds all places taken by them waits for the next verdict.

Else an office that signs in at once would be told to come back in a minute, though none of its passwords is wrong.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Trials:
    """What is under way in this process, by client group."""

    def __init__(self) -> None:
        """Begin with none."""
        self._number: Counter[str] = Counter()
        self._verdicts: dict[str, asyncio.Event] = {}

    def find_verdict(self, group: str) -> asyncio.Event | None:
        """Return what is set at the group's next verdict, if any is due."""
        return self._verdicts.get(group)

    @contextmanager
    def under_way(self, group: str) -> Iterator[None]:
        """Hold a trial open until its verdict."""
        self._number[group] += 1
        self._verdicts.setdefault(group, asyncio.Event())
        try:
            yield
        finally:
            self._number[group] -= 1
            self._verdicts.pop(group).set()
            if self._number[group]:
                self._verdicts[group] = asyncio.Event()
            else:
                del self._number[group]
