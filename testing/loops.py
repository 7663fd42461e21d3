"""Coroutines run from tests that are not: in a thread of their own, for a browser's event loop may run in this one."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def apart(work: Callable[[], Result]) -> Result:
    """Do something that runs a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end."""
    return apart(lambda: asyncio.run(work))
