"""The API for tests, from the environment alone: a developer's .env must not reach a test."""

from fastapi import FastAPI

from app.config import Settings
from app.main import create_app
from app.runtime.collection import settle_collection
from app.runtime.logs import set_up_logging


def make_app() -> FastAPI:
    """Make the application (uvicorn's `--factory`)."""
    set_up_logging()
    app = create_app(Settings(_env_file=None))
    settle_collection()
    return app
