"""The statements of each call, each refresh and each event, prepared: parsed once a connection, answered in binary."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Convert: TypeAlias = Callable[[Any], Any]
Row: TypeAlias = Sequence[Any] | None


class _Plan(NamedTuple):
    """The text for one kind of database, its parameters in order, its columns, and what converts their values."""

    text: str
    parameters: Sequence[tuple[str, Convert | None]]
    columns: Sequence[tuple[int, Convert]]


class Prepared:
    """A statement on the driver's own cursor (docs/decisions/0011-what-a-call-costs.md).

    SQLAlchemy writes the text and converts the values; what is left out is all that it does anew for each execution.
    """

    def __init__(self, statement: Select[Any] | Update | Insert) -> None:
        """Take an UPDATE or INSERT, or a SELECT of one row at most; its text is made when a database is first asked."""
        self._statement = statement
        self._plans: dict[str, _Plan] = {}

    def fetch(self, connection: Connection, **parameters: object) -> Row:
        """Return the row's values, or None."""
        return self._run(connection, parameters)[0]

    def count(self, connection: Connection, **parameters: object) -> int:
        """Execute it and return how many rows it found."""
        return self._run(connection, parameters)[1]

    def _run(self, connection: Connection, parameters: Mapping[str, object]) -> tuple[Row, int]:
        if connection.engine.echo:
            result: Any = connection.execute(self._statement, parameters)
            return result.one_or_none() if result.returns_rows else None, result.rowcount
        dialect = connection.dialect
        errors = dialect.loaded_dbapi.Error
        try:
            return self._ask_driver(connection, parameters)
        except errors as error:
            # Nothing else may be asked on it: an answer that is under way would be taken for the next one's.
            connection.invalidate(error)
            raise DBAPIError.instance(
                None, None, error, errors, hide_parameters=True, connection_invalidated=True, dialect=dialect
            ) from error

    def _ask_driver(self, connection: Connection, parameters: Mapping[str, object]) -> tuple[Row, int]:
        plan = self._plans.get(connection.dialect.name) or self._make_plan(connection.dialect)
        values = [convert(parameters[name]) if convert else parameters[name] for name, convert in plan.parameters]
        # The driver keeps what a connection has prepared, beyond the cursor.
        prepared = {"binary": True} if connection.dialect.driver == "mariadbconnector" else {}
        with closing(connection.connection.cursor(**prepared)) as cursor:
            cursor.execute(plan.text, values)
            row = cursor.fetchone() if isinstance(self._statement, Select) else None
            return row and _convert(row, plan.columns), cursor.rowcount

    def _make_plan(self, dialect: Dialect) -> _Plan:
        compiled = self._statement.compile(dialect=dialect)
        columns = self._statement.selected_columns if isinstance(self._statement, Select) else ()
        converts = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        plan = self._plans[dialect.name] = _Plan(
            str(compiled),
            [(name, _bind(compiled, name)) for name in compiled.positiontup or ()],
            [(place, convert) for place, convert in enumerate(converts) if convert],
        )
        return plan


def _bind(compiled: SQLCompiler, name: str) -> Convert | None:
    return compiled.binds[name].type.dialect_impl(compiled.dialect).bind_processor(compiled.dialect)


def _convert(found: Sequence[Any], columns: Sequence[tuple[int, Convert]]) -> Sequence[Any]:
    row = list(found)
    for place, convert in columns:
        row[place] = convert(row[place])
    return row
