"""One migration at a time: Alembic alone lets parallel runs trip over each other's tables."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from CreateDB.errors import OperatorError

WAIT_SECONDS = 60

Say = Callable[[str], object]


@contextmanager
def migration_lock(connection: Connection, say: Say) -> Iterator[None]:
    """Hold the database's migration lock, which also ends with the connection, or raise OperatorError."""
    sqlite = connection.dialect.name == "sqlite"
    _wait(_begin_immediate if sqlite else _get_lock, connection, say)
    try:
        yield
    finally:
        if not sqlite:
            connection.scalar(select(func.release_lock(lock_name(connection))))


def lock_name(connection: Connection) -> str:
    """Name the lock after the database, hashed because MariaDB allows a lock's name 64 characters."""
    database = connection.engine.url.database or ""
    return "pupero.migrate." + hashlib.sha256(database.encode()).hexdigest()[:40]


def _wait(attempt: Callable[[Connection], bool], connection: Connection, say: Say) -> None:
    """Ask once a second rather than once for long, so that Ctrl-C is heard."""
    for second in range(WAIT_SECONDS):
        if attempt(connection):
            return
        if second == 0:
            say("Another run is at work on this database: waiting for it ...")
    raise OperatorError(
        f"Another run has held this database for {WAIT_SECONDS} seconds. Wait until it has ended, then run this again."
    )


def _get_lock(connection: Connection) -> bool:
    granted = connection.scalar(select(func.get_lock(lock_name(connection), 1)))
    connection.commit()  # the lock outlives it, and Alembic needs to begin its own transactions
    return bool(granted)


def _begin_immediate(connection: Connection) -> bool:
    """Take SQLite's write lock now; the whole upgrade is then one transaction."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        connection.rollback()
        if getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return False
        raise
    return True
