"""One migration at a time: Alembic alone lets parallel runs trip over each other's tables."""

import hashlib
from collections.abc import Callable

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from CreateDB.command.errors import OperatorError
from CreateDB.server.engine import find_stored_name

WAIT_SECONDS = 60

Say = Callable[[str], object]


def take_migration_lock(connection: Connection, say: Say) -> None:
    """Take the database's migration lock, which ends with the connection, or raise OperatorError."""
    attempt = _begin_immediate if connection.dialect.name == "sqlite" else _get_lock
    for second in range(WAIT_SECONDS):  # asked for each second rather than once for long, so that Ctrl-C is heard
        if attempt(connection):
            return
        if second == 0:
            say("Another run is at work on this database: waiting for it ...")
    raise OperatorError(
        f"Another run has held this database for {WAIT_SECONDS} seconds. Wait until it has ended, then run this again."
    )


def lock_name(connection: Connection) -> str:
    """Name the lock after the database, hashed because MariaDB allows a lock's name 64 characters."""
    database = find_stored_name(connection)
    return "pupero.migrate." + hashlib.sha256(database.encode()).hexdigest()[:40]


def _get_lock(connection: Connection) -> bool:
    granted = connection.scalar(select(func.get_lock(lock_name(connection), 1)))
    connection.commit()  # the lock outlives it, and Alembic needs to begin its own transactions
    return bool(granted)


def _begin_immediate(connection: Connection) -> bool:
    """Take SQLite's write lock now; the whole upgrade is then one transaction."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise
        connection.rollback()
        return False
    return True
