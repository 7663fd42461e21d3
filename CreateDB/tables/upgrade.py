"""Brings a database's tables to the newest revision; the only code that makes tables."""

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from CreateDB.command.errors import OperatorError
from CreateDB.server.engine import SERVERS, make_engine
from CreateDB.tables.cluster_lock import is_clustered
from CreateDB.tables.lock import WAIT_SECONDS, Confirm, Say, migration_lock
from CreateDB.tables.revisions import MIGRATIONS, UPDATE, compare, lacking_columns

TRIES = 5
DEADLOCK = 1213  # so a cluster calls a commit too that another node's was quicker than


def quiet(_line: str) -> None:
    """Say nothing; for callers that are no command line."""


def upgrade(url: URL | str, *, echo: bool = False, say: Say = quiet) -> str:
    """Run every migration that this database lacks, and give its revision; run again, it changes nothing."""
    with make_engine(url, echo=echo).connect() as connection, migration_lock(connection, say) as confirm:
        if connection.dialect.name in SERVERS:
            _prepare_session(connection)
        standing = compare(connection)
        if standing.remedy == UPDATE:
            raise OperatorError(str(standing))
        if connection.dialect.name in SERVERS:
            # DDL commits anyway, so Alembic may commit each revision; on SQLite one commit does for all.
            connection.commit()
        return _persist(connection, say, confirm)


def downgrade(url: URL | str, revision: str = "base") -> None:
    """Go back to an older revision; for tests and emergencies, because it removes data."""
    with make_engine(url).connect() as connection, migration_lock(connection, quiet) as confirm:
        command.downgrade(_config(connection, quiet, confirm), revision)
        connection.commit()


def _prepare_session(connection: Connection) -> None:
    # A table that an open transaction holds ends the run with a message; the server's own limit is a day.
    connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {WAIT_SECONDS}")
    if is_clustered(connection):
        # What a run before this one did through another node is here before this one looks.
        connection.exec_driver_sql("SET SESSION wsrep_sync_wait = 7")


def _persist(connection: Connection, say: Say, confirm: Confirm) -> str:
    """Migrate; each step bears to be run again, so what lost to somebody else's write is."""
    for _ in range(TRIES - 1):
        try:
            return _migrate(connection, say, confirm)
        except DBAPIError as error:
            if getattr(error.orig, "errno", None) != DEADLOCK:
                raise
            connection.rollback()
            confirm()
    return _migrate(connection, say, confirm)


def _migrate(connection: Connection, say: Say, confirm: Confirm) -> str:
    command.upgrade(_config(connection, say, confirm), "head")
    if lacking := lacking_columns(connection):  # another program's table, which the guarded steps took for ours
        raise OperatorError(
            f"A table of another program is in the way: {lacking[0]} is missing. Take an empty database."
        )
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    return str(revision)


def _config(connection: Connection, say: Say, confirm: Confirm) -> Config:
    """Tell Alembic where the migrations are and which open connection to use."""

    def tell(*, step: Any, **_rest: object) -> None:  # noqa: ANN401 Alembic does not export the step's type
        confirm()  # before the next one begins
        say(f"Migration {step.up_revision_id}: {step.up_revision.doc}")

    config = Config(attributes={"connection": connection, "on_version_apply": tell})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
