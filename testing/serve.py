"""The API for tests, from the environment alone: a developer's .env must not reach a test."""

import os

from fastapi import FastAPI

from app.config import Settings
from app.main import create_app
from app.runtime.collection import settle_collection
from app.runtime.logs import set_up_logging
from app.throttling import floods

# Seconds for Redis, where a test is about its counts and the machine may be busy: too late counts as away.
PATIENCE = "TEST_SHARED_WAIT"


def make_app() -> FastAPI:
    """Make the application (uvicorn's `--factory`)."""
    set_up_logging()
    floods.SHARED_WAIT = float(os.environ.get(PATIENCE, floods.SHARED_WAIT))
    app = create_app(Settings(_env_file=None))
    settle_collection()
    return app
