"""Three real nodes: runs that meet on them, and what the doctor sees there."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import DBAPIError

from app.config import load_settings
from CreateDB.command.errors import OperatorError
from CreateDB.doctor.findings import Finding
from CreateDB.doctor.report import OF_DATABASE
from CreateDB.server.engine import make_engine
from CreateDB.tables.cluster_lock import LOST, TABLE
from CreateDB.tables.lock import migration_lock
from CreateDB.tables.revisions import MIGRATIONS
from CreateDB.tables.upgrade import DEADLOCK, quiet, upgrade
from testing.documents import list_blocks, read
from testing.galera import Cluster, Node, unavailable
from testing.mariadb_server import unavailable as server_unavailable
from testing.processes import ROOT, STOP_WAIT, free_port, wait_for_port
from testing.replication import Pair
from testing.required import missing

ROUNDS = 3
LONGEST_WAIT = 60  # seconds
ISOLATE = "gmcast.isolate"
ABOUT_SERVERS = ("connections", "cluster", "cluster_reads", "replicas", "server_settings")
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


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes for all of this file."""
    if reason := unavailable():
        missing("galera", reason)
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def empty_name(cluster: Cluster) -> str:
    """Make a database without tables; it goes with the cluster."""
    name = f"pupero_{secrets.token_hex(6)}"
    cluster.nodes[0].run(f"CREATE DATABASE {name}")
    return name


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
        assert sorted(outcome.out.count("Migration 0001") for outcome in outcomes) == [0, 0, 1], outcomes
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


def test_the_doctor_sees_what_a_node_is(cluster: Cluster, empty_name: str) -> None:
    """A cluster of three in step is well; what would make its nodes differ, or let reads be late, is found."""
    first, _, third = cluster.nodes
    third.run("SET GLOBAL wsrep_sync_wait = 1")
    third.run("SET GLOBAL wsrep_certify_nonPK = OFF")

    well, ill = diagnose(first.url + empty_name), diagnose(third.url + empty_name)

    third.run("SET GLOBAL wsrep_certify_nonPK = ON")
    assert well["cluster"] == Finding("cluster", "ok", "The node is Synced in a cluster of 3.")
    assert well["server_settings"].verdict == "ok"
    assert ill["cluster_reads"].verdict == "ok"
    assert ill["server_settings"].verdict == "failure"
    assert "wsrep_certify_nonpk is OFF" in ill["server_settings"].finding


def test_the_proxy_of_the_page_leaves_a_node_that_is_cut_off(cluster: Cluster, tmp_path: Path) -> None:
    """It still takes connections, and a check that only connects would not notice."""
    first, *_ = cluster.nodes
    first.run("CREATE USER haproxy")
    with run_proxy(cluster, tmp_path) as url, make_engine(first.url).connect() as held:
        wait_for_node(url, "n1")
        held.exec_driver_sql(f"SET GLOBAL wsrep_provider_options='{ISOLATE}=1'")
        try:
            wait_for_node(url, "n2")
        finally:
            held.exec_driver_sql(f"SET GLOBAL wsrep_provider_options='{ISOLATE}=0'")
            held.invalidate()
        wait_for_node(url, "n1")


def test_the_doctor_says_that_two_nodes_are_too_few_and_one_is_cut_off(cluster: Cluster, empty_name: str) -> None:
    """What is left of a cluster serves, and is worth a warning; whoever is outside takes connections and no more."""
    first, second, third = cluster.nodes
    third.stop()
    first.wait_until(lambda: first.status("wsrep_cluster_size") == "2")
    try:
        assert diagnose(first.url + empty_name)["cluster"].verdict == "warning"
        with make_engine(first.url).connect() as held:
            second.kill()
            held.exec_driver_sql("SET SESSION wsrep_dirty_reads = ON")
            first.wait_until(lambda: read_part(held) != "Primary")
            [finding] = OF_DATABASE["cluster"](None, held)
            assert finding.verdict == "failure"
            held.invalidate()
    finally:
        first.stop()
        first.boot()
        second.start()
        third.start()


def test_the_doctor_compares_a_primary_with_its_replica() -> None:
    """In step is well; one that follows nobody, one that may be written to beside the primary, and one that is away."""
    if reason := server_unavailable():
        missing("mariadb", reason)
    pair = Pair()
    try:
        with make_engine(pair.primary.url).begin() as connection:
            connection.exec_driver_sql("CREATE DATABASE pupero")
            connection.exec_driver_sql("CREATE TABLE pupero.mails (id INT PRIMARY KEY)")
            connection.exec_driver_sql("CREATE USER app")
            connection.exec_driver_sql("GRANT SELECT ON pupero.* TO app")
        pair.wait_until_copied("pupero.mails")
        url = pair.url("pupero", "app")
        assert diagnose(url)["replicas"].finding == "All replicas follow 127.0.0.1 closely."
        on_replica = make_engine(pair.replica.url).execution_options(isolation_level="AUTOCOMMIT")
        with on_replica.connect() as replica:
            replica.exec_driver_sql("STOP SLAVE")
            assert diagnose(url)["replicas"].finding == "127.0.0.2 follows nobody: it is getting older."
            replica.exec_driver_sql("SET GLOBAL read_only = OFF")
        assert diagnose(url)["replicas"].finding.startswith("2 servers of DATABASE_URL may be written to")
        pair.replica.stop()
        assert diagnose(url)["replicas"].finding == "127.0.0.2 does not answer: nobody takes over."
    finally:
        pair.remove()


@contextmanager
def run_proxy(cluster: Cluster, folder: Path) -> Iterator[str]:
    """Start the HAProxy of docs/clusters.md before the nodes, and give the address of what is behind it."""
    program = shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")
    if program is None:
        missing("haproxy", "no HAProxy is installed")
    port, file = free_port(), folder / "proxy.cfg"
    [text] = [block for block in list_blocks(read(ROOT / "docs" / "clusters.md")) if "tcp-check" in block]
    for number, node in enumerate(cluster.nodes, 1):
        text = text.replace(f"db{number}:3306", f"{node.address}:{node.port}")
    file.write_text(text.replace("127.0.0.1:3306", f"127.0.0.1:{port}"))
    process = subprocess.Popen([program, "-db", "-f", file])  # noqa: S603 from the PATH
    try:
        wait_for_port(port)
        yield f"mariadb+mariadbconnector://root@127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(STOP_WAIT)


def wait_for_node(url: str, name: str) -> None:
    """Wait until the proxy leads to this one."""
    end, found = time.monotonic() + LONGEST_WAIT, ""
    while found != name:
        assert time.monotonic() < end, found
        time.sleep(0.2)
        with suppress(DBAPIError), make_engine(url).connect() as connection:
            found = str(connection.exec_driver_sql("SELECT @@wsrep_node_name").scalar_one())


def diagnose(url: str) -> dict[str, Finding]:
    """Examine the servers as --doctor does, and return the findings by id."""
    settings = load_settings(database_url=url, environment="development", jwt_secret_key=secrets.token_urlsafe(32))
    with make_engine(url).connect() as connection:
        findings = [finding for id_ in ABOUT_SERVERS for finding in OF_DATABASE[id_](settings, connection)]
    return {finding.id: finding for finding in findings}


def read_part(connection: Connection) -> str:
    """Read whether the node is in the part that may write."""
    return str(connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_status'").one()[1])


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
