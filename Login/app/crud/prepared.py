"""The SELECT of every call as a prepared statement: parsed once a connection, answered in binary."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Select


class _Plan(NamedTuple):
    """The text for one kind of database, the parameters in its order, and which values its types convert."""

    text: str
    names: Sequence[str]
    converters: Sequence[tuple[int, Callable[[Any], Any]]]


class PreparedSelect:
    """A SELECT of one row at most, on the driver's own cursor (docs/decisions/0011-what-a-call-costs.md).

    SQLAlchemy writes the text and converts the values; what is left out is all that it does anew for each result.
    """

    def __init__(self, query: Select[Any]) -> None:
        """Take the query; its text is made when a database is first asked."""
        self._query = query
        self._plans: dict[str, _Plan] = {}

    def fetch(self, connection: Connection, **parameters: object) -> Sequence[Any] | None:
        """Return the row's values, or None."""
        if connection.engine.echo:
            return self._ask_sqlalchemy(connection, parameters)
        try:
            return self._ask_driver(connection, parameters)
        except connection.dialect.loaded_dbapi.Error:
            # It knows which errors mean a lost connection, and reports them as everybody expects.
            return self._ask_sqlalchemy(connection, parameters)

    def _ask_sqlalchemy(self, connection: Connection, parameters: dict[str, object]) -> Sequence[Any] | None:
        return connection.execute(self._query, parameters).one_or_none()

    def _ask_driver(self, connection: Connection, parameters: dict[str, object]) -> Sequence[Any] | None:
        plan = self._plans.get(connection.dialect.name) or self._make_plan(connection.dialect)
        # The driver keeps what a connection has prepared, beyond the cursor.
        prepared = {"binary": True} if connection.dialect.driver == "mariadbconnector" else {}
        with closing(connection.connection.cursor(**prepared)) as cursor:
            cursor.execute(plan.text, [parameters[name] for name in plan.names])
            found = cursor.fetchone()
        if found is None:
            return None
        row = list(found)
        for position, convert in plan.converters:
            row[position] = convert(row[position])
        return row

    def _make_plan(self, dialect: Dialect) -> _Plan:
        compiled = self._query.compile(dialect=dialect)
        types = [column.type.dialect_impl(dialect) for column in self._query.selected_columns]
        converters = [(position, type_.result_processor(dialect, None)) for position, type_ in enumerate(types)]
        plan = _Plan(str(compiled), compiled.positiontup or (), [(p, convert) for p, convert in converters if convert])
        self._plans[dialect.name] = plan
        return plan
