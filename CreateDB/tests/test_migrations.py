"""The migrations: what they make is what the models say, on both backends, and they can be taken back."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from CreateDB.engine import make_engine
from CreateDB.models import metadata
from CreateDB.upgrade import downgrade, upgrade


def test_migrations_make_what_the_models_say(database_url: str) -> None:
    """A migrated database shows no difference from the models."""
    with make_engine(database_url).connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_downgrade_to_base_leaves_nothing(database_url: str) -> None:
    """Going back to base removes every table, and the way up is open again."""
    downgrade(database_url)

    assert inspect(make_engine(database_url)).get_table_names() == ["alembic_version"]
    upgrade(database_url)
    assert "users" in inspect(make_engine(database_url)).get_table_names()
