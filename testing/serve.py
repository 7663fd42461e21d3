"""The API for tests, from the environment alone: a developer's .env must not reach a test."""

from fastapi import FastAPI

from app.collection import settle_collection
from app.config import Settings
from app.logs import set_up_logging
from app.main import create_app


def make_app() -> FastAPI:
    """Make the application (uvicorn's `--factory`)."""
    set_up_logging()
    app = create_app(Settings(_env_file=None))
    settle_collection()
    return app
