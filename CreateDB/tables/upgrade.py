"""Brings a database's tables to the newest revision; the only code that makes tables."""

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import URL, Connection

from CreateDB.command.errors import OperatorError
from CreateDB.server.engine import SERVERS, make_engine
from CreateDB.tables.lock import WAIT_SECONDS, Say, take_migration_lock
from CreateDB.tables.revisions import MIGRATIONS, UPDATE, compare, lacking_columns


def quiet(_line: str) -> None:
    """Say nothing; for callers that are no command line."""


def upgrade(url: URL | str, *, echo: bool = False, say: Say = quiet) -> str:
    """Run every migration that this database lacks, and give its revision; run again, it changes nothing."""
    with make_engine(url, echo=echo).connect() as connection:
        take_migration_lock(connection, say)
        on_server = connection.dialect.name in SERVERS
        if on_server:
            # A table that an open transaction holds ends the run with a message; the server's own limit is a day.
            connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {WAIT_SECONDS}")
        standing = compare(connection)
        if standing.remedy == UPDATE:
            raise OperatorError(str(standing))
        if on_server:
            # DDL commits anyway, so Alembic may commit each revision; on SQLite one commit does for all.
            connection.commit()
        command.upgrade(_config(connection, say), "head")
        if lacking := lacking_columns(connection):  # another program's table, which the guarded steps took for ours
            raise OperatorError(
                f"A table of another program is in the way: {lacking[0]} is missing. Take an empty database."
            )
        revision = MigrationContext.configure(connection).get_current_revision()
        connection.commit()
        return str(revision)


def downgrade(url: URL | str, revision: str = "base") -> None:
    """Go back to an older revision; for tests and emergencies, because it removes data."""
    with make_engine(url).connect() as connection:
        take_migration_lock(connection, quiet)
        command.downgrade(_config(connection, quiet), revision)
        connection.commit()


def _config(connection: Connection, say: Say) -> Config:
    """Tell Alembic where the migrations are and which open connection to use."""

    def tell(*, step: Any, **_rest: object) -> None:  # noqa: ANN401 Alembic does not export the step's type
        say(f"Migration {step.up_revision_id}: {step.up_revision.doc}")

    config = Config(attributes={"connection": connection, "on_version_apply": tell})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
