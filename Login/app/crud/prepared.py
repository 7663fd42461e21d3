"""The statements of each call and each refresh, prepared: parsed once a connection, answered in binary."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection, Dialect, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Convert: TypeAlias = Callable[[Any], Any] | None
Statement: TypeAlias = Select[Any] | Update
Result = TypeVar("Result")


class _Plan(NamedTuple):
    """The text for one kind of database, its parameters in order, its columns, and what converts their values."""

    text: str
    parameters: Sequence[tuple[str, Convert]]
    columns: Sequence[tuple[int, Callable[[Any], Any]]]


class _Prepared:
    """A statement on the driver's own cursor (docs/decisions/0011-what-a-call-costs.md).

    SQLAlchemy writes the text and converts the values; what is left out is all that it does anew for each execution.
    """

    def __init__(self, statement: Statement) -> None:
        """Take the statement; its text is made when a database is first asked."""
        self._statement = statement
        self._plans: dict[str, _Plan] = {}

    def _run(
        self,
        connection: Connection,
        parameters: Mapping[str, object],
        by_driver: Callable[[Any, _Plan], Result],
        by_sqlalchemy: Callable[[Any], Result],
    ) -> Result:
        if connection.engine.echo:
            return by_sqlalchemy(connection.execute(self._statement, parameters))
        errors = connection.dialect.loaded_dbapi.Error
        try:
            return self._ask_driver(connection, parameters, by_driver)
        except errors as error:
            # Nothing else may be asked on it: an answer that is under way would be taken for the next one's.
            connection.invalidate(error)
            raise _wrap(error, errors, connection.dialect) from error

    def _ask_driver(
        self, connection: Connection, parameters: Mapping[str, object], read: Callable[[Any, _Plan], Result]
    ) -> Result:
        plan = self._plans.get(connection.dialect.name) or self._make_plan(connection.dialect)
        values = [convert(parameters[name]) if convert else parameters[name] for name, convert in plan.parameters]
        # The driver keeps what a connection has prepared, beyond the cursor.
        prepared = {"binary": True} if connection.dialect.driver == "mariadbconnector" else {}
        with closing(connection.connection.cursor(**prepared)) as cursor:
            cursor.execute(plan.text, values)
            return read(cursor, plan)

    def _make_plan(self, dialect: Dialect) -> _Plan:
        compiled = self._statement.compile(dialect=dialect)
        plan = _Plan(str(compiled), list(_list_parameters(compiled)), list(_list_columns(self._statement, dialect)))
        self._plans[dialect.name] = plan
        return plan


class PreparedSelect(_Prepared):
    """A SELECT of one row at most."""

    def fetch(self, connection: Connection, **parameters: object) -> Sequence[Any] | None:
        """Return the row's values, or None."""
        row: Sequence[Any] | None = self._run(connection, parameters, _fetch_row, lambda result: result.one_or_none())
        return row


class PreparedUpdate(_Prepared):
    """An UPDATE."""

    def count(self, connection: Connection, **parameters: object) -> int:
        """Execute it and return how many rows it found."""
        return self._run(
            connection, parameters, lambda cursor, _: int(cursor.rowcount), lambda result: int(result.rowcount)
        )


def _wrap(error: Exception, errors: type[Exception], dialect: Dialect) -> BaseException:
    """Make of a driver's error what everybody expects of SQLAlchemy."""
    return DBAPIError.instance(
        None, None, error, errors, hide_parameters=True, connection_invalidated=True, dialect=dialect
    )


def _fetch_row(cursor: Any, plan: _Plan) -> Sequence[Any] | None:  # noqa: ANN401 the driver's
    found = cursor.fetchone()
    if found is None:
        return None
    row = list(found)
    for position, convert in plan.columns:
        row[position] = convert(row[position])
    return row


def _list_parameters(compiled: SQLCompiler) -> Iterable[tuple[str, Convert]]:
    for name in compiled.positiontup or ():
        type_ = compiled.binds[name].type.dialect_impl(compiled.dialect)
        yield name, type_.bind_processor(compiled.dialect)


def _list_columns(statement: Statement, dialect: Dialect) -> Iterable[tuple[int, Callable[[Any], Any]]]:
    for position, column in enumerate(statement.selected_columns if isinstance(statement, Select) else ()):
        if convert := column.type.dialect_impl(dialect).result_processor(dialect, None):
            yield position, convert
