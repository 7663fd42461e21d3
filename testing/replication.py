"""A primary and its replica on loopback, as an operator keeps them: every row on both before it is acknowledged."""

import time

from sqlalchemy import text

from CreateDB.server.engine import make_engine
from testing.mariadb import DATABASE, make_account, make_tables
from testing.mariadb_server import MariadbControl

CAUGHT_UP_SECONDS = 30
PRIMARY = ("--server-id=1", "--log-bin=primary", "--binlog-format=ROW", "--sync-binlog=1")
# Semi-synchronous: a commit returns once the replica has it, so that nothing acknowledged is lost with the primary.
SEMI_SYNC = ("--rpl-semi-sync-master-enabled=ON", "--rpl-semi-sync-master-timeout=10000")
REPLICA = ("--server-id=2", "--log-bin=replica", "--read-only=ON", "--rpl-semi-sync-slave-enabled=ON")


class Pair:
    """Two servers on one port of two loopback addresses, the second a copy of the first."""

    def __init__(self) -> None:
        """Start both and let the second follow; make the suite's tables, and an account like the API's."""
        self.primary = MariadbControl(flags=(*PRIMARY, *SEMI_SYNC))
        self.replica = MariadbControl(address="127.0.0.2", port=self.primary.port, flags=REPLICA)
        for server in (self.primary, self.replica):
            server.start()
        self._on(self.primary, "CREATE USER replication IDENTIFIED BY 'loopback only'")
        self._on(self.primary, "GRANT REPLICATION SLAVE ON *.* TO replication")
        self._on(
            self.replica,
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={self.primary.port}, "
            "MASTER_USER='replication', MASTER_PASSWORD='loopback only', MASTER_USE_GTID=slave_pos",
        )
        self._on(self.replica, "START SLAVE")
        make_tables(self.primary)
        account, hosts = f"app:{make_account(self.primary)}", f"127.0.0.1,127.0.0.2:{self.primary.port}"
        self.url = f"mariadb+mariadbconnector://{account}@{hosts}/{DATABASE}"  # the operator's
        self._wait_until_copied()

    def keep(self) -> None:
        """Keep both as they are."""
        for server in (self.replica, self.primary):
            server.keep()

    def rewind(self) -> None:
        """Let both be again as they were kept; the replica finds the primary there, or would ask again in a minute."""
        for server in (self.primary, self.replica):
            server.rewind()

    def promote(self) -> None:
        """Make the replica the one that is written to, once it has done all that it was sent, as an operator would."""
        self._on(self.replica, "STOP SLAVE IO_THREAD")
        with make_engine(self.replica.url).connect() as connection:
            received = connection.exec_driver_sql("SHOW SLAVE STATUS").mappings().one()["Gtid_IO_Pos"]
        self._on(self.replica, f"SELECT MASTER_GTID_WAIT('{received}', {CAUGHT_UP_SECONDS})")
        self._on(self.replica, "STOP SLAVE")
        self._on(self.replica, "RESET SLAVE ALL")
        self._on(self.replica, "SET GLOBAL read_only = OFF")

    def hang_up(self) -> None:
        """End every connection of the API to the replica, as a network does now and then."""
        self._on(self.replica, "KILL USER app")

    def demote(self) -> None:
        """Let nobody write to the primary any more, as before a planned switch."""
        self._on(self.primary, "SET GLOBAL read_only = ON")

    def remove(self) -> None:
        """End both and delete everything they wrote."""
        self.primary.remove()
        self.replica.remove()

    def _wait_until_copied(self) -> None:
        """Wait until the replica knows the account, which was made last."""
        end = time.monotonic() + CAUGHT_UP_SECONDS
        while not self._on(self.replica, "SELECT COUNT(*) FROM mysql.user WHERE user = 'app'"):
            if time.monotonic() > end:
                raise RuntimeError(f"the replica did not follow: {self.replica.log()}")
            time.sleep(0.1)

    @staticmethod
    def _on(server: MariadbControl, statement: str) -> int:
        with make_engine(server.url).connect() as connection:
            result = connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))
            return int(result.scalar_one()) if result.returns_rows else 0
