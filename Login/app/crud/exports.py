"""Queries on everything that is stored about one person, a page of rows at a time."""

from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Select, bindparam, select

from app.columns import MARIADB
from app.crud.accounts import list_columns, users
from app.models import metadata

Values: TypeAlias = dict[str, Any]
Columns: TypeAlias = tuple[str, ...]

PAGE_MAX = 500  # rows


class Page(NamedTuple):
    """Rows of one person, and the key of the last one if there may be more."""

    rows: list[Values]
    last: Any | None


def get_account(connection: Connection, columns: Columns, user_id: int) -> Values:
    """Load an account that its caller holds."""
    query = select(*list_columns(columns)).where(users.c.id == user_id)
    return dict(zip(columns, connection.execute(query).one(), strict=True))


def list_page(connection: Connection, table: str, columns: Columns, of: Values, after: Any | None) -> Page:  # noqa: ANN401 of any type
    """List a table's rows of one person (`of`, by `user_id` or `subject`) in the order of its key, behind this one."""
    query = _select_page(table, columns, is_first=after is None)
    found = connection.execute(query, {**of, "after": after}).all()
    rows = [dict(zip(columns, row[1:], strict=True)) for row in found]
    return Page(rows, found[-1][0] if len(found) == PAGE_MAX else None)


@cache
def _select_page(table: str, columns: Columns, *, is_first: bool) -> Select[Any]:
    rows = metadata.tables[table]
    key = list(rows.primary_key)[-1]  # of those that begin with the person, what follows
    owner = rows.c.subject if "subject" in rows.c else rows.c.user_id
    # Beside an equality MariaDB takes no range: for each page it would read on from the person's first row.
    query = select(key, *(rows.c[name] for name in columns)).where(owner >= bindparam(owner.name))
    query = query.where(owner <= bindparam(owner.name)).order_by(owner, key).limit(PAGE_MAX)
    if owner.name not in rows.primary_key:
        for dialect in MARIADB:  # else it may go through everybody's rows in the order of the key
            query = query.with_hint(rows, "IGNORE INDEX (PRIMARY)", dialect)
    return query if is_first else query.where(key > bindparam("after", type_=key.type))
