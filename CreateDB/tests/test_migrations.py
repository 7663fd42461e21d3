"""The migrations: what they make is what the models say, on both backends, and they can be taken back."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import DateTime, inspect, text

from app.columns import UtcDateTime
from CreateDB.models import metadata
from CreateDB.server.engine import make_engine
from CreateDB.tables.upgrade import downgrade, upgrade


def test_they_make_what_the_models_say(database_url: str) -> None:
    """A migrated database shows no difference from the models."""
    with make_engine(database_url).connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_every_moment_keeps_its_microseconds(scratch_database: Callable[[], str]) -> None:
    """On MariaDB each moment is DATETIME(6), whose loss Alembic's comparison would not notice."""
    url = scratch_database()
    upgrade(url)
    query = text(
        "SELECT concat(table_name, '.', column_name), column_type FROM information_schema.columns"
        " WHERE table_schema = database() AND data_type = 'datetime'"
    )
    moments = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, (UtcDateTime, DateTime))
    }

    with make_engine(url).connect() as connection:
        found = {row[0]: row[1] for row in connection.execute(query)}

    assert found == dict.fromkeys(moments, "datetime(6)")


@pytest.mark.parametrize("driver", ["mariadb", "mysql"])
def test_text_compares_byte_for_byte(scratch_database: Callable[[], str], driver: str) -> None:
    """On MariaDB every text column is utf8mb4_nopad_bin, whatever the database's default and the driver's name."""
    url = scratch_database()
    with make_engine(url).begin() as connection:
        connection.exec_driver_sql("ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci")
    upgrade(url.replace("mariadb+", f"{driver}+"))
    query = text(
        "SELECT DISTINCT collation_name FROM information_schema.columns"
        " WHERE table_schema = database() AND table_name != 'alembic_version' AND collation_name IS NOT NULL"
    )

    with make_engine(url).connect() as connection:
        collations = connection.scalars(query).all()

    assert collations == ["utf8mb4_nopad_bin"]


def test_downgrade_to_base_leaves_nothing(database_url: str) -> None:
    """Going back to base removes every table, and the way up is open again."""
    downgrade(database_url)

    assert inspect(make_engine(database_url)).get_table_names() == ["alembic_version"]
    upgrade(database_url)
    assert set(inspect(make_engine(database_url)).get_table_names()) > set(metadata.tables)


def test_rows_survive_a_second_run(migrated_url: str) -> None:
    """Running the migrations on a database in use loses nothing."""
    with make_engine(migrated_url).begin() as connection:
        connection.execute(text("INSERT INTO used_tokens (jti, expires_at) VALUES ('one', '2030-01-01 00:00:00')"))

    upgrade(migrated_url)

    with make_engine(migrated_url).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM used_tokens")) == 1
