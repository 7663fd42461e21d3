"""What a test draws by lot, so that one that fails can be repeated."""

import os
import secrets
from collections.abc import Callable

import pytest


@pytest.fixture
def seed(record_property: Callable[[str, object], None]) -> int:
    """Give the seed of what a test draws: a failing test shows it, and PUPERO_SEED repeats it."""
    drawn = int(os.environ.get("PUPERO_SEED") or secrets.randbelow(2**32))
    record_property("seed", drawn)
    print(f"PUPERO_SEED={drawn}")  # noqa: T201 pytest shows it where the test fails
    return drawn
