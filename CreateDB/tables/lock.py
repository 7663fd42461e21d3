"""One migration at a time: Alembic alone lets parallel runs trip over each other's tables.

Each kind of database has a lock that ends with the run's connection, so that a run which was killed is in nobody's way.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from CreateDB.command.errors import OperatorError
from CreateDB.server.engine import find_stored_name
from CreateDB.tables.cluster_lock import confirm_row, is_clustered, name_holder, prepare_row, take_row

WAIT_SECONDS = 60

Say = Callable[[str], object]
Confirm = Callable[[], None]


@contextmanager
def migration_lock(connection: Connection, say: Say) -> Iterator[Confirm]:
    """Hold the database's migration lock, or raise OperatorError, as does what this gives once the lock is lost."""
    if connection.dialect.name == "sqlite":
        _wait_for(partial(_begin_immediate, connection), str, say)
        yield lambda: None  # a run that loses the connection ends with it
    elif is_clustered(connection):
        with connection.engine.connect() as other:  # the migrations' own commits with each change of a table
            prepare_row(other)
            _wait_for(partial(take_row, other), partial(name_holder, other), say)
            yield partial(confirm_row, other)
    else:
        _wait_for(partial(_get_lock, connection), partial(_name_connection, connection), say)
        yield lambda: None


def lock_name(connection: Connection) -> str:
    """Name the lock after the database, hashed because MariaDB allows a lock's name 64 characters."""
    database = find_stored_name(connection)
    return "pupero.migrate." + hashlib.sha256(database.encode()).hexdigest()[:40]


def _wait_for(attempt: Callable[[], bool], name_holder: Callable[[], str], say: Say) -> None:
    for second in range(WAIT_SECONDS):  # asked for each second rather than once for long, so that Ctrl-C is heard
        if attempt():
            return
        if second == 0:
            say("Another run is at work on this database: waiting for it ...")
    who = name_holder()
    hint = f" It works {who}; if it is dead, KILL that connection there." if who else ""
    raise OperatorError(
        f"Another run has held this database for {WAIT_SECONDS} seconds.{hint}"
        " Wait until it has ended, then run this again."
    )


def _get_lock(connection: Connection) -> bool:
    granted = connection.scalar(select(func.get_lock(lock_name(connection), 1)))
    connection.commit()  # the lock outlives it, and Alembic needs to begin its own transactions
    return bool(granted)


def _name_connection(connection: Connection) -> str:
    holder = connection.scalar(select(func.is_used_lock(lock_name(connection))))
    return f"through connection {holder}" if holder else ""


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
