"""Queries that belong to no table of their own: the clock, the schema, tokens good for one use, rows with an id."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningInsert

from app.columns import Table
from app.crud.clock import utc_now
from app.models import metadata

used_tokens = metadata.tables["used_tokens"]

Result = TypeVar("Result")

NOW = utc_now().label("now")


def current_time(connection: sa.Connection) -> datetime:
    """Ask the database's clock."""
    now: datetime = connection.execute(sa.select(utc_now())).scalar_one()
    return now


def get_revision(connection: sa.Connection) -> str | None:
    """Read which migration the schema is at; ProgrammingError or OperationalError without any schema."""
    revisions = sa.table("alembic_version", sa.column("version_num", sa.String))
    found: str | None = connection.execute(sa.select(sa.func.max(revisions.c.version_num))).scalar_one()
    return found


def spend_token(connection: sa.Connection, jti: str, expires_at: datetime) -> bool:
    """Use up a single-use token; False when it was used before."""
    try:
        connection.execute(sa.insert(used_tokens).values(jti=jti, expires_at=expires_at))
    except IntegrityError:
        return False
    return True


def find_one(
    connection: sa.Connection, query: sa.Select[Any], make: Callable[[Any], Result], **values: object
) -> Result | None:
    """Run a query that finds one row at most, and make of it what it stands for."""
    row = connection.execute(query, values).one_or_none()
    return None if row is None else make(row)


def insert_row(connection: sa.Connection, row: Table) -> int:
    """Add a row and return its id."""
    added = connection.execute(_insert_into(str(row.__tablename__)), row.model_dump(exclude={"id"}))
    return int(added.scalar_one())


@cache
def _insert_into(name: str) -> ReturningInsert[Any]:
    target = metadata.tables[name]
    return sa.insert(target).returning(target.c.id)


def _write_out(statement: Any, dialect: sa.Dialect, returning: Sequence[sa.ColumnElement[Any]]) -> sa.Executable:  # noqa: ANN401
    """Put a statement of several rows together once; SQLAlchemy keeps none and would do so for each execution."""
    compiled = statement.compile(dialect=dialect)
    binds = [
        sa.bindparam(name, bind.value, bind.type) if not bind.required else sa.bindparam(name, type_=bind.type)
        for bind, name in compiled.bind_names.items()
    ]
    written = sa.text(str(compiled)).bindparams(*binds)
    return written.columns(*returning) if returning else written


class Upsert:
    """Adds rows, or changes those that have their primary keys; in one statement, so that no rival gets between."""

    def __init__(
        self,
        target: sa.sql.TableClause,
        rows: Sequence[dict[str, Any]],
        changes: dict[str, Any] | Sequence[str],
        returning: Sequence[sa.ColumnElement[Any]] = (),
    ) -> None:
        """Take the new rows, what changes in old ones (by name: as in the new), and which columns to return."""
        added, there = sqlite.insert(target).values(rows), mysql.insert(target).values(rows)
        taken, taken_there = (
            changes if isinstance(changes, dict) else {name: new[name] for name in changes}
            for new in (added.excluded, there.inserted)
        )
        keys = list(target.primary_key)
        upserts: list[Any] = [added.on_conflict_do_update(index_elements=keys, set_=taken)]
        upserts += [there.on_duplicate_key_update(taken_there)]
        if returning:
            upserts = [one.returning(*returning) for one in upserts]
        self._sqlite = _write_out(upserts[0], sqlite.dialect(paramstyle="named"), returning)
        self._mariadb = _write_out(upserts[1], MariaDBDialect(paramstyle="named"), returning)

    def run(self, connection: sa.Connection, **values: object) -> sa.CursorResult[Any]:
        """Execute it; what it returns are the rows' columns as they are now."""
        statement = self._sqlite if connection.dialect.name == "sqlite" else self._mariadb
        result: sa.CursorResult[Any] = connection.execute(statement, values)
        return result
