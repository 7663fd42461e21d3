"""docs/clusters.md as an operator follows it: settings, and the lines that make, promote and bring back a replica."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from CreateDB.server.engine import make_engine
from testing.documents import ROOT, chapter, list_blocks
from testing.mariadb_server import MariadbControl, unavailable
from testing.required import missing
from testing.smtp import wait_until

PAGE = ROOT / "docs" / "clusters.md"
PASSWORD = "only-for-this-test"


class Operator:
    """Whoever has the page and two servers, db1 and db2."""

    def __init__(self, folder: Path) -> None:
        """Start both with the page's settings."""
        self.settings, *self.blocks = list_blocks(chapter(PAGE, "Primary and replica"))
        self.folder = folder
        self.db1 = MariadbControl(flags=self.flags("1"))
        self.db2 = MariadbControl(address="127.0.0.2", port=self.db1.port, flags=self.flags("2"))
        for server in (self.db1, self.db2):
            server.start()

    def flags(self, number: str) -> list[str]:
        """Give the page's settings, with the server's own number."""
        lines = re.sub(r"(?m)^server_id = 1$", f"server_id = {number}", self.settings).splitlines()[1:]
        return [f"--{line.replace(' = ', '=')}" for line in lines if not line.startswith("bind_address")]

    def find(self, beginning: str) -> str:
        """Find the one block that begins so, with the addresses of here."""
        [block] = [block for block in self.blocks if block.startswith(beginning)]
        for name, server in (("db1", self.db1), ("db2", self.db2)):
            block = block.replace(f"'{name}'", f"'{server.address}', MASTER_PORT={server.port}")
            block = block.replace(
                f" -h {name} -u root -p", f" --no-defaults -h {server.address} -P {self.db1.port} -u root"
            )
        return block.replace("'PASSWORD'", f"'{PASSWORD}'")

    def type(self, server: MariadbControl, beginning: str) -> list[dict[str, Any]]:
        """Type a block of SQL at a server, and read what its last statement answers."""
        answer: list[dict[str, Any]] = []
        with make_engine(server.url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in filter(str.strip, self.find(beginning).split(";")):
                result = connection.exec_driver_sql(statement)
                answer = [dict(row) for row in result.mappings()] if result.returns_rows else []
        return answer

    def shell(self, beginning: str) -> None:
        """Type a block at the shell."""
        subprocess.run(["sh", "-ec", self.find(beginning)], cwd=self.folder, check=True)  # noqa: S603, S607 the page's own

    def ask(self, server: MariadbControl, statement: str) -> Any:
        """Ask a server for one value, None where it says nothing."""
        with make_engine(server.url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            result = connection.exec_driver_sql(statement)
            return result.scalar() if result.returns_rows else None


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """Give an operator with two servers."""
    if reason := unavailable():
        missing("mariadb", reason)
    if shutil.which("mariadb-dump") is None:
        missing("mariadb-dump", "mariadb-dump is not installed (Debian: mariadb-client)")
    operator = Operator(tmp_path)
    yield operator
    operator.db1.remove()
    operator.db2.remove()


def test_a_replica_is_made_promoted_and_followed_by_the_old_primary(operator: Operator) -> None:
    """Each line of the page, typed: both start read-only, nothing is lost, and the two change places."""
    db1, db2, count = operator.db1, operator.db2, "SELECT COUNT(*) FROM pupero.people"
    assert [operator.ask(server, "SELECT @@read_only") for server in (db1, db2)] == [1, 1]
    operator.type(db1, "SET GLOBAL read_only = OFF")
    for statement in ("CREATE DATABASE pupero", "CREATE TABLE pupero.people (id INT PRIMARY KEY)"):
        operator.ask(db1, statement)
    operator.type(db1, "CREATE USER replication")
    operator.ask(db1, "INSERT INTO pupero.people VALUES (1)")
    operator.shell("mariadb-dump")
    operator.ask(db1, "INSERT INTO pupero.people VALUES (2)")
    operator.type(db2, "CHANGE MASTER TO MASTER_HOST='db1'")
    wait_until(lambda: operator.ask(db2, count) == 2)

    db1.kill()
    wait_until(lambda: has_done_all(operator.type(db2, "STOP SLAVE IO_THREAD")))
    operator.type(db2, "STOP SLAVE;")
    operator.ask(db2, "INSERT INTO pupero.people VALUES (3)")
    db1.start()
    operator.type(db1, "CHANGE MASTER TO MASTER_HOST='db2'")

    wait_until(lambda: operator.ask(db1, count) == 3)
    assert operator.ask(db1, "SELECT @@read_only") == 1


def has_done_all(status: list[dict[str, Any]]) -> bool:
    """Whether a replica has done all that it has received."""
    return [row["Gtid_Slave_Pos"] for row in status] == [row["Gtid_IO_Pos"] for row in status]


def test_the_settings_of_a_node_are_settings(tmp_path: Path) -> None:
    """MariaDB knows each of them and takes each as it is written; a mistyped one ends the start."""
    program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if program is None:
        missing("mariadb", "no MariaDB server is installed")
    settings, *_ = list_blocks(chapter(PAGE, "From one server to three"))
    file = tmp_path / "node.cnf"
    file.write_text(settings, encoding="utf-8")
    command = [program, f"--defaults-file={file}", "--user=nobody", f"--datadir={tmp_path}", "--verbose", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 the server's own
    pairs = re.findall(r"(?m)^([A-Za-z-]+) +(\S+)$", done.stdout)
    shown = {name.replace("-", "_").lower(): value for name, value in pairs}

    written = dict(line.split(" = ") for line in settings.splitlines()[1:])
    means = {"ON": "TRUE"}
    assert {name: shown[name.lower()] for name in written} == {n: means.get(v, v) for n, v in written.items()}
