"""Queries that belong to no table of their own: the clock, the schema, tokens good for one use, rows with an id."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, column, func, insert, select, sql, table
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from app.clock import utc_now
from app.models import Table, metadata

used_tokens = metadata.tables["used_tokens"]

NOW = utc_now().label("now")


def current_time(connection: Connection) -> datetime:
    """Ask the database's clock."""
    now: datetime = connection.execute(select(utc_now())).scalar_one()
    return now


def get_revision(connection: Connection) -> str | None:
    """Read which migration the schema is at; ProgrammingError or OperationalError without any schema."""
    revisions = table("alembic_version", column("version_num", String))
    found: str | None = connection.execute(select(func.max(revisions.c.version_num))).scalar_one()
    return found


def spend_token(connection: Connection, jti: str, expires_at: datetime) -> None:
    """Note that a single-use token has been used; IntegrityError when it was used before."""
    connection.execute(insert(used_tokens).values(jti=jti, expires_at=expires_at))


def insert_row(connection: Connection, row: Table) -> int:
    """Add a row and return its id."""
    added = connection.execute(_insert_into(str(row.__tablename__)), row.model_dump(exclude={"id"}))
    return int(added.scalar_one())


@cache
def _insert_into(name: str) -> ReturningInsert[Any]:
    target = metadata.tables[name]
    return insert(target).returning(target.c.id)


class Upsert:
    """Adds a row, or changes the one that has its primary key; in one statement, so that no rival gets between."""

    def __init__(
        self,
        target: sql.TableClause,
        row: dict[str, Any],
        changes: dict[str, Any],
        returning: Sequence[ColumnElement[Any]],
    ) -> None:
        """Take the new row, what changes in an old one, and which columns to return."""
        keys = list(target.primary_key)
        added = sqlite.insert(target).values(row)
        self._sqlite = added.on_conflict_do_update(index_elements=keys, set_=changes).returning(*returning)
        self._mariadb = mysql.insert(target).values(row).on_duplicate_key_update(changes).returning(*returning)

    def run(self, connection: Connection, **values: object) -> Sequence[Any]:
        """Execute it and return the row's columns as they are now."""
        statement = self._sqlite if connection.dialect.name == "sqlite" else self._mariadb
        return connection.execute(statement, values).one()
