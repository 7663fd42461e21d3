"""Brings a database's tables to the newest revision; the only code that makes tables."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection

from CreateDB.engine import SERVERS, make_engine
from CreateDB.lock import WAIT_SECONDS, Say, migration_lock

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def upgrade(url: URL | str, *, echo: bool = False, say: Say = lambda _line: None) -> None:
    """Run every migration that this database lacks, alone; run again, it does nothing."""
    engine = make_engine(url, echo=echo)
    with engine.connect() as connection, migration_lock(connection, say):
        _do_not_wait_for_ever(connection)
        command.upgrade(alembic_config(connection, say), "head")
        connection.commit()


def downgrade(url: URL | str, revision: str = "base") -> None:
    """Go back to an older revision; for tests and emergencies, it removes data."""
    engine = make_engine(url)
    with engine.connect() as connection, migration_lock(connection, lambda _line: None):
        command.downgrade(alembic_config(connection), revision)
        connection.commit()


def alembic_config(connection: Connection | None = None, say: Say = lambda _line: None) -> Config:
    """Tell Alembic where the migrations are and which open connection to use."""

    def tell(*, step: Any, **_rest: object) -> None:  # noqa: ANN401 Alembic does not export the step's type
        say(f"Migration {step.up_revision_id}: {step.up_revision.doc}")

    config = Config(attributes={"connection": connection, "on_version_apply": tell})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _do_not_wait_for_ever(connection: Connection) -> None:
    """Let a table that an open transaction holds end the run with a message; the server's own limit is a day."""
    if connection.dialect.name in SERVERS:
        connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {WAIT_SECONDS}")
        connection.commit()
