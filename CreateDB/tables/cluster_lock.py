"""The migration lock of a Galera cluster, where GET_LOCK is each node's own: a row of a transaction that never ends.

The transaction is streamed: the other nodes get the row at once, uncommitted, and hold its lock. It ends with the run's
connection, and with the node once the others have given that up. So there is no lease that a long ALTER would have to
renew, or that a killed run would leave to the next one; nothing of it is ever committed.
"""

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, NoResultFound

from CreateDB.command.errors import OperatorError

TABLE = "migration_lock"
CREATE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (id TINYINT PRIMARY KEY, node VARCHAR(255) NOT NULL,"
    " connection BIGINT NOT NULL, since DATETIME NOT NULL) ENGINE=InnoDB"
)
# The row shall live as long as the run, however short a time the server gives connections that say nothing.
PREPARE = (
    "SET SESSION wsrep_trx_fragment_size = 1, innodb_lock_wait_timeout = 1, wait_timeout = 86400,"
    " idle_transaction_timeout = 0, idle_write_transaction_timeout = 0"
)
TAKE = f"INSERT INTO {TABLE} VALUES (1, @@wsrep_node_name, CONNECTION_ID(), UTC_TIMESTAMP())"  # noqa: S608 a constant
FIND = f"SELECT node, connection, since FROM {TABLE}"  # noqa: S608 a constant
LOST = (
    "This run has lost its hold on the database: its node left the cluster, or somebody ended its connection. "
    "Run this again to finish."
)
TAKEN = (1205, 1213)  # somebody has the row, or was quicker on another node


def is_clustered(connection: Connection) -> bool:
    """Whether the server is a node of a Galera cluster."""
    row = connection.exec_driver_sql("SHOW VARIABLES LIKE 'wsrep_on'").one_or_none()
    return row is not None and row[1] == "ON"


def prepare_row(connection: Connection) -> None:
    """Make the table, which stays empty to all eyes, and ready this connection, which holds nothing but the row."""
    connection.exec_driver_sql(CREATE)
    connection.exec_driver_sql(PREPARE)
    connection.commit()  # a transaction that is begun already is not streamed


def take_row(connection: Connection) -> bool:
    """Wait a second at most."""
    try:
        connection.exec_driver_sql(TAKE)
    except DBAPIError as error:
        if getattr(error.orig, "errno", None) not in TAKEN:
            raise
        connection.rollback()
        return False
    return True


def name_holder(connection: Connection) -> str:
    """Say who has the row: it is never committed, so this looks at what is not."""
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
    row = connection.exec_driver_sql(FIND).one_or_none()
    connection.rollback()
    return f"through node {row[0]}, connection {row[1]}, since {row[2]} UTC" if row else ""


def confirm_row(connection: Connection) -> None:
    """Raise OperatorError unless the row is still held."""
    try:
        connection.exec_driver_sql(FIND).one()
    except (DBAPIError, NoResultFound):  # to lose the row is a deadlock; a node without the others refuses
        raise OperatorError(LOST) from None
