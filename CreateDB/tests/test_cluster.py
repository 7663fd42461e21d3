"""Runs that meet on three real nodes of a cluster: one migrates, and what it leaves undone the next one does."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, ExceptionContext, event

from CreateDB.command.errors import OperatorError
from CreateDB.server.engine import make_engine
from CreateDB.tables.cluster_lock import LOST, TABLE
from CreateDB.tables.lock import migration_lock
from CreateDB.tables.revisions import MIGRATIONS
from CreateDB.tables.upgrade import DEADLOCK, quiet, upgrade
from testing.galera import Cluster, Node
from testing.processes import ROOT

ROUNDS = 3
WITH_PATH = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "Login")))}
REVISION = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
HELD_IN_THE_MIDST = """
import sys
from sqlalchemy import Engine, event
from CreateDB.tables.upgrade import upgrade

@event.listens_for(Engine, "after_cursor_execute")
def hold(connection, cursor, statement, *rest):
    if "CREATE TABLE IF NOT EXISTS passkeys" in statement:
        print("in the midst", flush=True)
        sys.stdin.read()

upgrade(sys.argv[1])
"""

Start = Callable[..., subprocess.Popen[str]]
Finish = Callable[[subprocess.Popen[str]], Any]
SchemaOf = Callable[[str], list[tuple[str, str]]]


def flags(node: Node, name: str) -> list[str]:
    """Say where, as an operator does."""
    where = ("--host", node.address, "--port", str(node.port))
    return ["--user", "root", "--password", "", *where, "--database", name]


def test_three_at_once_on_three_nodes_end_well(
    cluster: Cluster, start: Start, finish: Finish, schema_of: SchemaOf
) -> None:
    """Where nothing is there yet, all three make it together, the API's account too: one migrates, two wait."""
    for _ in range(ROUNDS):
        name = f"pupero_{secrets.token_hex(6)}"
        more = ("--create-database", "--create-app-user", name)
        runs = [start(*flags(node, name), *more, APP_PASSWORD="blue doors everywhere") for node in cluster.nodes]
        outcomes = [finish(process) for process in runs]

        assert [outcome.status for outcome in outcomes] == [0] * 3, outcomes
        # Said twice by one run where another's statement was quicker than its commit, and it began again.
        assert sorted("Migration 0001" in outcome.out for outcome in outcomes) == [False, False, True], outcomes
        schemas = [schema_of(node.url + name) for node in cluster.nodes]
        assert schemas[0] == schemas[1] == schemas[2]
        for node in cluster.nodes:
            assert read_revision(node, name) == REVISION
            assert read_holder(node, name) == []
            assert len(node.run(f"SHOW GRANTS FOR {name}@'%'")) == 2


def test_a_killed_run_is_finished_through_another_node(
    cluster: Cluster, empty_name: str, start: Start, finish: Finish
) -> None:
    """Its lock ends with it: the run that waited on another node goes on where it was."""
    first, second, _ = cluster.nodes
    command = [sys.executable, "-c", HELD_IN_THE_MIDST, first.url + empty_name]
    held = subprocess.Popen(  # noqa: S603 ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=WITH_PATH
    )
    with held:
        read_until(held, "in the midst")
        waiting = start(*flags(second, empty_name))
        read_until(waiting, "waiting")
        held.kill()

    outcome = finish(waiting)

    assert outcome.status == 0, outcome
    assert "Migration 0001" not in outcome.out
    assert f"Migration {REVISION}" in outcome.out


def test_who_waits_too_long_is_told_whom_for(
    cluster: Cluster, empty_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the node and the connection, and to kill that frees the database."""
    monkeypatch.setattr("CreateDB.tables.lock.WAIT_SECONDS", 1)
    first, second, _ = cluster.nodes
    with make_engine(first.url + empty_name).connect() as one, migration_lock(one, quiet) as confirm:
        confirm()
        with pytest.raises(OperatorError, match="through node n1, connection") as refusal:
            upgrade(second.url + empty_name)
        first.run(re.sub(r".*connection ([0-9]+),.*", r"KILL \1", str(refusal.value)))
        assert upgrade(second.url + empty_name) == REVISION
        with pytest.raises(OperatorError, match="has lost its hold"):
            confirm()


def test_a_run_that_has_lost_its_lock_stops_before_the_next_step(cluster: Cluster, empty_name: str) -> None:
    """Whoever may have the lock by then shall not meet it; run again, it finishes."""
    first, second, _ = cluster.nodes

    def cut_off() -> None:
        [(node, connection)] = read_holder(second, empty_name)
        assert node == "n1"
        first.run(f"KILL {connection}")

    with once_after("UPDATE alembic_version", cut_off), pytest.raises(OperatorError) as refusal:
        upgrade(first.url + empty_name)

    assert str(refusal.value) == LOST
    assert read_revision(first, empty_name) < REVISION
    assert upgrade(second.url + empty_name) == REVISION


def test_a_commit_that_another_node_was_quicker_than_is_made_again(cluster: Cluster, empty_name: str) -> None:
    """The step that lost its certification is run again, and the next ones after it."""
    first, second, _ = cluster.nodes

    def be_quicker() -> None:
        for revision in ("0000", "0001"):
            second.run(f"UPDATE {empty_name}.alembic_version SET version_num = '{revision}'")  # noqa: S608 constants

    with once_after("UPDATE alembic_version", be_quicker) as deadlocks:
        assert upgrade(first.url + empty_name) == REVISION

    assert deadlocks
    assert read_revision(second, empty_name) == REVISION


@contextmanager
def once_after(beginning: str, call: Callable[[], None]) -> Iterator[list[int]]:
    """Call once, after the first statement that begins so; list the deadlocks that statements met."""
    calls, deadlocks = [call], []

    def watch(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(beginning) and calls:
            calls.pop()()

    def note(context: ExceptionContext) -> None:
        deadlocks.extend([number] if (number := getattr(context.original_exception, "errno", 0)) == DEADLOCK else [])

    event.listen(Engine, "after_cursor_execute", watch)
    event.listen(Engine, "handle_error", note)
    try:
        yield deadlocks
    finally:
        event.remove(Engine, "after_cursor_execute", watch)
        event.remove(Engine, "handle_error", note)


def read_revision(node: Node, name: str) -> str:
    """Read how far a database's tables are, at this node."""
    return str(node.run(f"SELECT max(version_num) FROM {name}.alembic_version")[0][0])  # noqa: S608 our own name


def read_holder(node: Node, name: str) -> list[tuple[str, int]]:
    """Read who holds a database, which is never committed."""
    engine = make_engine(node.url + name).execution_options(isolation_level="READ UNCOMMITTED")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT node, connection FROM {TABLE}")]  # noqa: S608 a constant


def read_until(process: subprocess.Popen[str], word: str) -> None:
    """Read what it says, up to a word."""
    assert process.stdout is not None
    assert any(word in line for line in process.stdout)
