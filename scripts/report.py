"""How a check speaks: each step by name, each finding on a line, and an end at the first that is wrong."""

import sys
import time
from collections.abc import Callable
from typing import Any

BEGIN = time.monotonic()


class Failed(Exception):
    """Something is not as it must be."""


def say(step: Callable[..., Any]) -> None:
    """Announce a step."""
    sys.stdout.write(f"\n[{time.monotonic() - BEGIN:5.0f} s] {step.__name__.replace('_', ' ').capitalize()}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell a figure."""
    sys.stdout.write(f"          {text}\n")
    sys.stdout.flush()


def require(fact: object, text: str) -> None:
    """Tell what holds, or end because it does not."""
    if not fact:
        raise Failed(text)
    note(f"ok: {text}")


def require_quietly(fact: object, text: str) -> None:
    """End unless it holds, and say nothing otherwise: for what is done a hundred times."""
    if not fact:
        raise Failed(text)


def wait_for(probe: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until `probe` is true, and return how long that took."""
    begin = time.monotonic()
    while not probe():
        if time.monotonic() - begin > seconds:
            raise Failed(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - begin
