"""How Alembic reaches the database: through the open connection it is handed, else one made here for contributors."""

import os

from alembic import context
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from CreateDB.models import metadata
from CreateDB.server.engine import make_engine

config = context.config


def scratch() -> Connection:
    """Open a SQLite in memory, already at head, so that `check` and `revision` need no database at all."""
    connection = create_engine("sqlite://").connect()
    scripts = ScriptDirectory.from_config(config)
    migration = MigrationContext.configure(connection)
    with Operations.context(migration):
        for revision in reversed(list(scripts.walk_revisions())):
            revision.module.upgrade()
    migration.stamp(scripts, "head")
    connection.commit()
    return connection


def own_connection() -> Connection:
    """Open what the contributor named on the command line or in the environment, else the scratch database."""
    url = context.get_x_argument(as_dictionary=True).get("url") or os.environ.get("DATABASE_URL")
    if url:
        return make_engine(url).connect()
    config.print_stdout("No -x url=... and no DATABASE_URL: using a scratch SQLite in memory.")
    return scratch()


def migrate(connection: Connection) -> None:
    """Run what Alembic was asked for on this connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",  # it cannot alter a table, only copy it
        on_version_apply=config.attributes.get("on_version_apply"),
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    with own_connection() as opened:
        migrate(opened)
