"""A Galera cluster of three nodes on loopback, whose nodes are killed, frozen and cut off by name."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import mariadb  # type: ignore[import-untyped]  # it has no stubs
import pytest

from testing.mariadb import DATABASE, make_account, make_tables
from testing.mariadb_server import MariadbControl
from testing.mariadb_server import unavailable as server_unavailable
from testing.processes import free_port
from testing.required import missing

PROVIDERS = (Path("/usr/lib/galera/libgalera_smm.so"), Path("/usr/lib64/galera-4/libgalera_smm.so"))
SYNCED_SECONDS = 120
NODES = 3
IN_USE = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'"


class Node(MariadbControl):
    """One node; `start` returns once it is in step with the others."""

    def __init__(self, number: int, port: int, groups: list[int]) -> None:
        """Prepare the data folder of node 1, 2 or 3; `groups` are the ports by which the nodes know each other."""
        self._number, self._groups, self._first = number, groups, False
        self._transfers = [free_port(), free_port()]
        super().__init__(address=f"127.0.0.{number}", port=port)

    def boot(self) -> None:
        """Start as the first of a new cluster."""
        state = self.folder / "data" / "grastate.dat"
        if state.exists():
            state.write_text(state.read_text().replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))
        self._first = True
        self.start()
        self._first = False

    def start(self) -> None:
        """Start, take over what was missed, and wait until the node may be used."""
        super().start()
        self.wait_until(lambda: self.status("wsrep_local_state_comment") == "Synced")

    def isolate(self) -> None:
        """Cut it off from the other nodes; it still takes connections, and answers most statements with error 1047."""
        self.run("SET GLOBAL wsrep_provider_options='gmcast.isolate=1'")

    def heal(self) -> None:
        """Let it see the other nodes again."""
        self.run("SET GLOBAL wsrep_provider_options='gmcast.isolate=0'")

    def run(self, statement: str) -> list[Any]:
        """Run one statement as root and return its rows."""
        # Without SQLAlchemy, which sends a COMMIT first: a node that is cut off refuses that.
        with (
            closing(mariadb.connect(host=self.address, port=self.port, user="root", autocommit=True)) as connection,
            closing(connection.cursor()) as cursor,
        ):
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def write(self) -> None:
        """Write something beside the suite's tables; that ends once the cluster has taken it."""
        self.run("INSERT INTO beside.writes VALUES (UUID())")

    def status(self, name: str) -> str:
        """Give one of the server's status variables, empty while there is none."""
        rows = self.run(f"SHOW GLOBAL STATUS LIKE '{name}'")
        return str(rows[0][1]) if rows else ""

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something about this node."""
        end = time.monotonic() + SYNCED_SECONDS
        while not _holds(is_so):
            if time.monotonic() > end:
                raise RuntimeError(f"node {self._number} did not get there: {self.log()}")
            time.sleep(0.1)

    def _install(self) -> None:
        _give(self.folder)
        super()._install()
        _give(self.folder)

    def _common_flags(self) -> list[str]:
        # The rsync of a state transfer refuses to write as root.
        return [flag.replace("--user=root", "--user=mysql") for flag in super()._common_flags()]

    def _server_flags(self) -> list[str]:
        ist, sst = self._transfers
        own = self._groups[self._number - 1]
        peers = "" if self._first else ",".join(f"127.0.0.1:{port}" for port in self._groups)
        options = {
            "gmcast.listen_addr": f"tcp://127.0.0.1:{own}",
            "ist.recv_addr": f"127.0.0.1:{ist}",
            "gcache.size": "32M",
            "gcache.dir": str(self.folder / "data"),
            "pc.recovery": "TRUE",
        }
        return [
            *super()._server_flags(),
            *("--wsrep-on=ON", f"--wsrep-provider={find_provider()}", "--wsrep-cluster-name=pupero"),
            *("--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-slave-threads=2"),
            *(f"--wsrep-cluster-address=gcomm://{peers}", f"--wsrep-node-name=n{self._number}"),
            *(f"--wsrep-node-address=127.0.0.1:{own}", f"--wsrep-node-incoming-address={self.address}:{self.port}"),
            *("--wsrep-sst-method=rsync", f"--wsrep-sst-receive-address=127.0.0.1:{sst}"),
            "--wsrep-provider-options=" + ";".join(f"{name}={value}" for name, value in options.items()),
            *(["--wsrep-new-cluster"] if self._first else []),
        ]


class Cluster:
    """Three nodes on one port of 127.0.0.1, 127.0.0.2 and 127.0.0.3."""

    def __init__(self) -> None:
        """Start all three, one after the other."""
        port, groups = free_port(), [free_port() for _ in range(NODES)]
        self.nodes = [Node(number + 1, port, groups) for number in range(NODES)]
        self.port = port
        try:
            self.nodes[0].boot()
            for node in self.nodes[1:]:
                node.start()
        except BaseException:
            self.remove()
            raise

    def url(self, database: str, user: str = "root", password: str = "") -> str:
        """Name all nodes, in their order."""
        hosts = ",".join(node.address for node in self.nodes)
        return f"mariadb+mariadbconnector://{user}:{password}@{hosts}:{self.port}/{database}"

    def prepare(self) -> str:
        """Make the suite's tables, one beside them, and an account like the API's; return the DATABASE_URL."""
        for statement in ("CREATE DATABASE beside", "CREATE TABLE beside.writes (id CHAR(36) PRIMARY KEY)"):
            self.nodes[0].run(statement)
        make_tables(self.nodes[0])
        return self.url(DATABASE, "app", make_account(self.nodes[0]))

    def find_used(self) -> list[Node]:
        """Find the nodes that the API's account is connected to."""
        return [node for node in self.nodes if node.run(IN_USE)[0][0]]

    def wait_until_whole(self) -> None:
        """Wait until every node sees all of them: one that was frozen believes so for a moment by itself."""
        for node in self.nodes:
            node.wait_until(lambda node=node: node.status("wsrep_cluster_size") == str(NODES))  # type: ignore[misc]
        for node in self.nodes:
            node.wait_until(lambda node=node: node.status("wsrep_local_state_comment") == "Synced")  # type: ignore[misc]

    def remove(self) -> None:
        """End all and delete everything they wrote."""
        for node in reversed(self.nodes):
            node.remove()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Start three nodes for all tests that need some, each of which leaves them in step."""
    if reason := unavailable():
        missing("galera", reason)
    nodes = Cluster()
    yield nodes
    nodes.remove()


@pytest.fixture(scope="session")
def cluster_url(cluster: Cluster) -> str:
    """Give the URL by which the API finds all three, with the suite's tables."""
    return cluster.prepare()


def find_provider() -> Path | None:
    """Find Galera's library where the systems' packages put it."""
    return next((path for path in PROVIDERS if path.exists()), None)


def unavailable() -> str | None:
    """Say why no cluster can be made on this machine, or None."""
    if reason := server_unavailable():
        return reason
    programs = {"rsync": "rsync", "wsrep_sst_rsync": "mariadb-server"}  # by Debian's packages
    lacking = [package for program, package in programs.items() if not shutil.which(program)]
    lacking += [] if find_provider() else ["galera-4"]
    return f"not installed: {', '.join(lacking)}" if lacking else None


def _give(folder: Path) -> None:
    """Give a folder to the account that the server runs as: where this is root, another one."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "mysql", "mysql")


def _holds(is_so: Callable[[], bool]) -> bool:
    try:
        return is_so()
    except Exception:  # noqa: BLE001 a server that is not there yet raises whatever its driver likes
        return False
