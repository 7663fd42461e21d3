"""A task that only looks makes nothing: neither a file where the path is mistyped, nor tables where there are none."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

Run = Callable[..., Any]

TASKS = [
    ["--sweep"],
    ["--reencrypt"],
    ["--list-users"],
    ["--show-user", "alice"],
    ["--disable-user", "alice"],
    ["--reset-second-factor", "alice"],
    ["--set-role", "alice", "admin"],
    ["--explain-login", "alice"],
    ["--events", "all"],
    ["--clear-throttle", "alice"],
]
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task[0])


@pytest.fixture(autouse=True)
def a_key_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give --reencrypt and --reset-second-factor what they read first."""
    monkeypatch.setenv("JWT_SECRET_KEY", secrets.token_urlsafe(32))


@each_task
def test_a_mistyped_file_is_named_and_not_made(run: Run, tmp_path: Path, task: list[str]) -> None:
    """An empty database in its place would be mistaken for the real one, or for a loss of every account."""
    outcome = run("--url", f"sqlite:///{tmp_path}/pupro.sqlite3", *task)

    assert outcome.status == 1
    assert outcome.err == (
        f"Error: There is no file {tmp_path}/pupro.sqlite3: check its name. --url without a task makes a new one.\n"
    )
    assert list(tmp_path.iterdir()) == []


@each_task
def test_a_database_without_tables_is_told(run: Run, empty_url: str, task: list[str]) -> None:
    """Who has made the database and no tables yet is told so, on either server."""
    if empty_url.startswith("sqlite"):
        Path(make_url(empty_url).database or "").touch()

    outcome = run("--url", empty_url, *task)

    assert outcome.status == 1
    assert "lacks tables: make them by --user and --database, or --url, without a task." in outcome.err
    assert outcome.err.count("\n") == 1
