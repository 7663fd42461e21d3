"""DELETE that goes to its rows by one index, however few rows the table has.

MariaDB would rather read all of a small table, and so lock, or wait for, the rows that others are using.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

PRIMARY = "PRIMARY"


class _Delete(sa.Executable, sa.ClauseElement):
    """Remove rows, found by an index of this name."""

    inherit_cache = False

    def __init__(self, table: sa.Table, index: str, which: sa.ColumnElement[bool]) -> None:
        self.table, self.index, self.which = table, index, which


def delete_by(connection: sa.Connection, table: sa.Table, index: str, which: sa.ColumnElement[bool]) -> int:
    """Remove rows, found by an index, and return how many it were."""
    result = connection.execute(_Delete(table, index, which), execution_options={"preserve_rowcount": True})
    return result.rowcount


@compiles(_Delete)
def _mariadb(element: _Delete, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 the compiler's
    name, which = element.table.name, compiler.process(element.which, **options)
    return f"DELETE FROM {name} USING {name} FORCE INDEX ({element.index}) WHERE {which}"  # noqa: S608 names of ours


@compiles(_Delete, "sqlite")
def _sqlite(element: _Delete, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 likewise
    return compiler.process(sa.delete(element.table).where(element.which), **options)
