"""Keeps the `flask` command's own .env files out: it reads whichever lies in the working directory or above it."""

import os

import click
from dotenv import dotenv_values, find_dotenv


def own_environment() -> dict[str, str]:
    """Return the process environment without what the `flask` command has just added to it from files."""
    if click.get_current_context(silent=True) is None or os.environ.get("FLASK_SKIP_DOTENV"):
        return dict(os.environ)
    added: dict[str, str | None] = {}
    for name in (".flaskenv", ".env"):
        if path := find_dotenv(name, usecwd=True):
            added |= dotenv_values(path, encoding="utf-8")
    # A variable that was set to the very same value before is taken for the file's; ours then decides.
    return {name: value for name, value in os.environ.items() if added.get(name) != value}
