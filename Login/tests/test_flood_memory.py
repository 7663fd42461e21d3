"""The memory for floods: exact, bounded, and as quick with many addresses as with one."""

import asyncio
import time

import pytest

from app.throttling import flood_memory
from app.throttling.flood_memory import FloodMemory
from testing.loops import finish


@pytest.mark.asvs("2.4.1")
def test_a_window_holds_its_limit_and_moves() -> None:
    """Three a second: the fourth is refused, and let in once the first is a second old."""

    async def hit() -> tuple[list[bool], bool]:
        memory = FloodMemory()
        at_once = [await memory.acquire_entry("somebody", 3, 1) for _ in range(5)]
        await asyncio.sleep(1.1)
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


def test_what_is_over_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that stays away takes no memory."""
    monkeypatch.setattr(flood_memory, "FORGET_EVERY", 0.2)

    async def hit() -> set[str]:
        memory = FloodMemory()
        await memory.acquire_entry("long gone", 3, 0)
        await memory.acquire_entry("here", 3, 60)
        time.sleep(0.3)  # noqa: ASYNC251 nobody else waits
        await memory.acquire_entry("new", 3, 60)
        return set(memory.events)

    assert finish(hit()) == {"here", "new"}


def test_a_clock_that_was_ahead_refuses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted in a future that did not come counts no more, and is forgotten in time."""
    monkeypatch.setattr(flood_memory, "FORGET_EVERY", 0.2)

    async def hit() -> tuple[bool, set[str]]:
        memory = FloodMemory()
        with monkeypatch.context() as ahead:
            real = time.time
            ahead.setattr(time, "time", lambda: real() + 86_400)
            for _ in range(3):
                await memory.acquire_entry("somebody", 3, 60)
            await memory.acquire_entry("gone", 3, 0)
        return await memory.acquire_entry("somebody", 3, 60), set(memory.events)

    assert finish(hit()) == (True, {"somebody", "gone"})
