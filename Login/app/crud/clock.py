"""The database's clock: the only one that decides about sessions, so that replicas need not agree on the time.

A clock that was ahead and is put right leaves moments that lie further ahead than the code can have put them. They are
void: else they would shut people out, or hold work up, until their date comes. This is the rule for all of them.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.columns import UtcDateTime

SLACK = timedelta(minutes=1)  # rivals that waited for a lock, and a cluster whose hosts do not agree to the second


class utc_now(FunctionElement[Any]):  # noqa: N801 SQL functions are written in lower case
    """The current time as an SQL expression, with microseconds (milliseconds on SQLite)."""

    name = "utc_now"
    type = UtcDateTime()
    inherit_cache = True


class utc_horizon(FunctionElement[Any]):  # noqa: N801 likewise
    """What lies beyond this moment is void, as an SQL expression, where the code puts none further ahead than that."""

    name = "utc_horizon"
    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, furthest: timedelta = timedelta(0)) -> None:
        """Take how far ahead of the clock the code can put such a moment."""
        super().__init__(literal(int((furthest + SLACK).total_seconds())))


def is_void(moment: datetime, now: datetime) -> bool:
    """Whether a stored moment lies further ahead than the code can have put it."""
    return moment > now + SLACK


@compiles(utc_now)
def _mariadb(_element: utc_now, _compiler: SQLCompiler, **_: object) -> str:
    return "UTC_TIMESTAMP(6)"


@compiles(utc_now, "sqlite")
def _sqlite(_element: utc_now, _compiler: SQLCompiler, **_: object) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


@compiles(utc_horizon)
def _mariadb_horizon(element: utc_horizon, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 the compiler's
    return f"(UTC_TIMESTAMP(6) + INTERVAL {compiler.process(element.clauses, **options)} SECOND)"


@compiles(utc_horizon, "sqlite")
def _sqlite_horizon(element: utc_horizon, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 likewise
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', ({compiler.process(element.clauses, **options)}) || ' seconds')"
