"""The steps of migrations: each is skipped when an earlier run, killed half-way, has made it."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

MARIADB = ("mysql", "mariadb")

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), *MARIADB)
Digest = sa.LargeBinary(32).with_variant(mysql.VARBINARY(32), *MARIADB)
EventId = sa.LargeBinary(16).with_variant(mysql.VARBINARY(16), *MARIADB)
CredentialId = sa.LargeBinary(1023).with_variant(mysql.VARBINARY(1023), *MARIADB)
PublicKey = sa.LargeBinary(1024).with_variant(mysql.VARBINARY(1024), *MARIADB)

# The row format too, because a server whose my.cnf still says compact has no room for our indexes (error 1709).
# Both prefixes, because `mysql+...` drivers also reach a MariaDB, and then ignore options of the other name.
OPTIONS = {
    f"{name}_{option}": value
    for name in MARIADB
    for option, value in {
        "engine": "InnoDB",
        "charset": "utf8mb4",
        "collate": "utf8mb4_nopad_bin",
        "row_format": "DYNAMIC",
    }.items()
}


def create_table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table, unless an earlier run that was killed has made it."""
    op.create_table(name, *parts, if_not_exists=True, **OPTIONS)


def create_index(table: str, *columns: str) -> None:
    """Make an index under the models' naming convention, unless an earlier run has made it."""
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), if_not_exists=True)


def drop_index(table: str, *columns: str) -> None:
    """Remove an index of the models' naming convention, unless an earlier run has removed it."""
    op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, if_exists=True)


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column, unless an earlier run has added it."""
    if column.name not in _columns(table):
        op.add_column(table, column)


def drop_column(table: str, name: str) -> None:
    """Remove a column, unless an earlier run has removed it."""
    if name in _columns(table):
        op.drop_column(table, name)


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def of_user(table: str) -> sa.ForeignKeyConstraint:
    """Tie a table's rows to their account, so that they go when it goes."""
    name = op.f(f"fk_{table}_user_id")
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="CASCADE")
