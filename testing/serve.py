"""The API for tests, from the environment alone: a developer's .env must not reach a test."""

import os
import time

from fastapi import FastAPI

from app.config import Settings
from app.main import create_app
from app.runtime.collection import settle_collection
from app.runtime.logs import set_up_logging
from app.throttling import floods

# Seconds for Redis, where a test is about its counts and the machine may be busy: too late counts as away.
PATIENCE = "TEST_SHARED_WAIT"
# Seconds by which this process' clock is ahead of the database's.
AHEAD = "TEST_CLOCK_AHEAD"


def make_app() -> FastAPI:
    """Make the application (uvicorn's `--factory`)."""
    set_up_logging()
    _shift_clock(float(os.environ.get(AHEAD, "0")))
    floods.SHARED_WAIT = float(os.environ.get(PATIENCE, floods.SHARED_WAIT))
    app = create_app(Settings(_env_file=None))
    settle_collection()
    return app


def _shift_clock(seconds: float) -> None:
    right = time.time
    if seconds:
        time.time = lambda: right() + seconds
