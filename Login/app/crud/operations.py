"""Queries that belong to no table of their own: the clock, the schema, tokens good for one use, rows with an id."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, column, func, insert, select, sql, table
from sqlalchemy.dialects import mysql, sqlite

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
    target = metadata.tables[str(row.__tablename__)]
    result = connection.execute(insert(target).values(row.model_dump(exclude={"id"})).returning(target.c.id))
    return int(result.scalar_one())


def upsert(connection: Connection, target: sql.TableClause, row: dict[str, Any], changes: dict[str, Any]) -> None:
    """Add a row, or change the one that has its primary key; in one statement, so that no rival gets between."""
    if connection.dialect.name == "sqlite":
        offered = sqlite.insert(target).values(row)
        connection.execute(offered.on_conflict_do_update(index_elements=list(target.primary_key), set_=changes))
    else:
        connection.execute(mysql.insert(target).values(row).on_duplicate_key_update(changes))
