"""Runs that meet, or die: the next one ends with the same schema as an undisturbed one."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from CreateDB import main
from CreateDB.command.errors import OperatorError
from CreateDB.models import metadata
from CreateDB.server.engine import make_engine
from CreateDB.tables.lock import lock_name, migration_lock
from CreateDB.tables.revisions import MIGRATIONS
from CreateDB.tables.upgrade import quiet, upgrade
from testing.mariadb_server import MariadbControl

DRIVER = Path(__file__).with_name("die_after.py")
REVISIONS = list((MIGRATIONS / "versions").glob("[0-9]*.py"))

Start = Callable[..., subprocess.Popen[str]]


@pytest.mark.skipif(os.name == "nt", reason="no process forks there")
def test_a_run_that_died_after_any_statement_is_finished_by_the_next(
    empty_url: str, schema_of: Callable[[str], Any], run: Callable[..., Any]
) -> None:
    """Run after run dies, once after each change of every migration, on what the last one left; all comes out whole."""
    died = subprocess.run([sys.executable, str(DRIVER), empty_url], capture_output=True, text=True, check=False)  # noqa: S603 ours
    assert (died.returncode, died.stderr) == (0, "")
    for table in metadata.tables:
        assert f"CREATE TABLE IF NOT EXISTS {table}" in died.stdout
    assert died.stdout.count("UPDATE alembic_version") == len(REVISIONS) - 1

    resumed = schema_of(empty_url)
    assert run("--url", empty_url, "--check").status == 0
    _drop_everything(empty_url)
    upgrade(empty_url)
    assert resumed == schema_of(empty_url)


def test_four_at_once_end_well(empty_url: str, start: Start, finish: Callable[..., Any]) -> None:
    """Four operators start the command at the same moment and all succeed."""
    outcomes = [finish(process) for process in [start("--url", empty_url) for _ in range(4)]]

    assert [outcome.status for outcome in outcomes] == [0] * 4, outcomes
    assert [outcome.out.count("Migration 0001") for outcome in outcomes].count(1) == 1


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_ends_it_in_one_line(empty_url: str, start: Start) -> None:
    """While it waits for another run, Ctrl-C ends it within seconds, with status 130 and no trace."""
    with make_engine(empty_url).connect() as other, migration_lock(other, quiet):
        process = start("--url", empty_url)
        _read_until(process, "waiting")
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=60)

    assert (process.returncode, err.count("\n")) == (130, 1), err
    assert err == "Error: Interrupted. Nothing is broken: run this again to finish.\n"


def test_ctrl_c_is_what_happened_whatever_fails_after_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection that cannot be put away once it was interrupted is not the news."""

    def work(_arguments: object, _url: object) -> int:
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("Lost connection to server during query")

    monkeypatch.setattr("CreateDB.tables.making.make", work)

    assert main.main(["--url", "sqlite:///unused.sqlite3"]) == 130
    assert capsys.readouterr().err == "Error: Interrupted. Nothing is broken: run this again to finish.\n"


def test_a_lost_server_is_told_in_one_line(mariadb_control: MariadbControl, start: Start) -> None:
    """A server that dies in the middle of a run leaves one line and status 1, and no trace from any library."""
    with make_engine(mariadb_control.url + "mysql").connect() as other, migration_lock(other, quiet):
        story = f"The server at 127.0.0.1:{mariadb_control.port} does not answer or closed the connection"
        process = start("--url", mariadb_control.url + "mysql")
        _read_until(process, "waiting")
        mariadb_control.kill()
        _out, err = process.communicate(timeout=60)
        other.invalidate()

    assert process.returncode == 1
    assert err.splitlines() == [f"Error: {story}: check that it is running, and see its log."]


def test_the_lock_is_the_database_s_own_and_short(scratch_database: Callable[[], str]) -> None:
    """Two databases on one server do not wait for each other, and a name of any length fits a lock's 64 characters."""
    with (
        make_engine(scratch_database()).connect() as one,
        make_engine(scratch_database()).connect() as two,
        migration_lock(one, pytest.fail),
        migration_lock(two, pytest.fail),
    ):
        assert lock_name(one) != lock_name(two)
        assert len(lock_name(one)) <= 64


def test_who_holds_a_server_s_lock_is_named(
    scratch_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has waited in vain knows which connection to end, should its run be dead."""
    monkeypatch.setattr("CreateDB.tables.lock.WAIT_SECONDS", 1)
    url = scratch_database()
    with make_engine(url).connect() as other, migration_lock(other, quiet):
        own = other.scalar(text("SELECT connection_id()"))
        with pytest.raises(OperatorError, match=f"through connection {own}; if it is dead, KILL"):
            upgrade(url)


def _read_until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert any(word in line for line in process.stdout)


def _drop_everything(url: str) -> None:
    with make_engine(url).begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
