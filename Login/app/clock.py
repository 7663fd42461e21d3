"""The database's clock: the only one that decides about sessions, so that replicas need not agree on the time."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.models import UtcDateTime


class utc_now(FunctionElement[Any]):  # noqa: N801 SQL functions are written in lower case
    """The current time as an SQL expression, with microseconds (milliseconds on SQLite)."""

    name = "utc_now"
    type = UtcDateTime()
    inherit_cache = True


@compiles(utc_now)
def _mariadb(_element: utc_now, _compiler: SQLCompiler, **_: object) -> str:
    return "UTC_TIMESTAMP(6)"


@compiles(utc_now, "sqlite")
def _sqlite(_element: utc_now, _compiler: SQLCompiler, **_: object) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
