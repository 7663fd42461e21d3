"""The memory for floods: exact, bounded, and as quick with many addresses as with one."""

import asyncio
import time

import pytest

from app.throttling import flood_memory
from app.throttling.flood_memory import FloodMemory
from testing.loops import finish


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        """Begin now."""
        self.now = time.time()

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the clock that everything in this process looks at."""
    made = Clock()
    monkeypatch.setattr(time, "time", made)
    return made


@pytest.mark.asvs("2.4.1")
def test_a_window_holds_its_limit_and_moves(clock: Clock) -> None:
    """Three a second: the fourth is refused, and let in once the first is a second old."""

    async def hit() -> tuple[list[bool], bool]:
        memory = FloodMemory()
        at_once = [await memory.acquire_entry("somebody", 3, 1) for _ in range(5)]
        clock.now += 1.1
        return at_once, await memory.acquire_entry("somebody", 3, 1)

    assert finish(hit()) == ([True, True, True, False, False], True)


@pytest.mark.asvs("2.4.1")
def test_many_addresses_cost_no_more_than_one() -> None:
    """Nothing goes through all that is known: no task, no thread, and a full window keeps its length."""

    async def hit() -> tuple[int, int]:
        memory = FloodMemory()
        for number in range(20_000):
            await memory.acquire_entry(f"address {number}", 3, 60)
        for _ in range(10):
            await memory.acquire_entry("address 1", 3, 60)
        return len(asyncio.all_tasks()), len(memory.events["address 1"])

    assert finish(hit()) == (1, 3)


def test_what_is_over_is_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that stays away takes no memory."""
    monkeypatch.setattr(flood_memory, "FORGET_EVERY", 0.2)

    async def hit() -> set[str]:
        memory = FloodMemory()
        await memory.acquire_entry("long gone", 3, 0)
        await memory.acquire_entry("here", 3, 60)
        clock.now += 0.3
        await memory.acquire_entry("new", 3, 60)
        return set(memory.events)

    assert finish(hit()) == {"here", "new"}


def test_a_clock_that_was_ahead_refuses_nobody(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted in a future that did not come counts no more, and is forgotten in time."""
    monkeypatch.setattr(flood_memory, "FORGET_EVERY", 0.2)

    async def hit() -> tuple[bool, set[str]]:
        memory = FloodMemory()
        clock.now += 86_400
        for _ in range(3):
            await memory.acquire_entry("somebody", 3, 60)
        await memory.acquire_entry("gone", 3, 0)
        clock.now -= 86_400
        return await memory.acquire_entry("somebody", 3, 60), set(memory.events)

    assert finish(hit()) == (True, {"somebody", "gone"})
