"""What happens when a test's server or browser is missing: a skip on a laptop, a failure where all must run."""

import os
from typing import NoReturn

import pytest


def missing(what: str, reason: str) -> NoReturn:
    """Skip, or fail when PUPERO_REQUIRE (a comma list: mariadb, redis, nginx, node and so on) names it."""
    required = {name.strip() for name in os.environ.get("PUPERO_REQUIRE", "").split(",")}
    if what in required:
        pytest.fail(f"{what} is required here: {reason}", pytrace=False)
    pytest.skip(f"{what}: {reason}")
