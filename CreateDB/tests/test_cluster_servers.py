"""Several real servers: what the doctor sees there, and what a proxy has to ask."""

import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.config import Settings
from CreateDB.doctor.findings import Finding
from CreateDB.doctor.report import OF_DATABASE
from CreateDB.server.engine import make_engine
from testing.documents import list_blocks, read
from testing.galera import Cluster
from testing.mariadb_server import MariadbControl
from testing.mariadb_server import unavailable as server_unavailable
from testing.processes import ROOT, STOP_WAIT, free_port, wait_for_port
from testing.replication import Pair
from testing.required import missing

LONGEST_WAIT = 60  # seconds
ISOLATE = "gmcast.isolate"
ABOUT_SERVERS = ("connections", "cluster", "cluster_nodes", "cluster_reads", "replicas", "server_settings")


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


def test_the_doctor_asks_every_host_that_is_named(cluster: Cluster, empty_name: str) -> None:
    """All are nodes of one cluster; one that is cut off is named, and so is a server that never joined."""
    first, _, third = cluster.nodes
    well = diagnose(cluster.url(empty_name))["cluster_nodes"]
    third.isolate()
    third.wait_until(lambda: third.status("wsrep_ready") == "OFF")
    try:
        away = diagnose(cluster.url(empty_name))["cluster_nodes"]
    finally:
        third.heal()
        cluster.wait_until_whole()
    beside = MariadbControl(address="127.0.0.4", port=cluster.port)
    beside.start()
    try:
        strange = diagnose(f"mariadb+mariadbconnector://root@{first.address},127.0.0.4:{first.port}/{empty_name}")
    finally:
        beside.remove()

    assert (well.verdict, away.verdict) == ("ok", "warning")
    assert f"{third.address}: The server at {third.address}:{third.port} is cut off from its cluster" in away.finding
    assert strange["cluster_nodes"].finding.startswith("127.0.0.4 is no node of this cluster")


@pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
def test_the_server_has_room_for_so_many_processes(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The arithmetic that nobody does: what one process opens at most, and how many of them fit."""
    room = diagnose(migrated_url, database_pool_size=4)["connections"]
    monkeypatch.setenv("WEB_CONCURRENCY", "100000")
    full = diagnose(migrated_url, database_pool_size=4)["connections"]

    assert room.finding.startswith("An API process opens at most 7 connections: ")
    assert (room.verdict, full.verdict) == ("ok", "warning")


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
        url = pair.url
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


def diagnose(url: str, **changes: Any) -> dict[str, Finding]:
    """Examine the servers as --doctor does, and return the findings by id."""
    settings = Settings(_env_file=None, database_url=url, jwt_secret_key=secrets.token_urlsafe(32), **changes)
    with make_engine(url).connect() as connection:
        findings = [finding for id_ in ABOUT_SERVERS for finding in OF_DATABASE[id_](settings, connection)]
    return {finding.id: finding for finding in findings}


def read_part(connection: Connection) -> str:
    """Read whether the node is in the part that may write."""
    return str(connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_status'").one()[1])
