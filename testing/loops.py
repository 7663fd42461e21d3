"""Coroutines run from tests that are not: in a thread of their own, for a browser's event loop may run in this one."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, work).result()
