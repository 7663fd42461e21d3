"""What all tables and their columns are made of: types, names, options; a leaf, as the tables are.

Text compares byte for byte: each table carries the collation utf8mb4_nopad_bin, because MariaDB's defaults
take `josé@` for `jose@` and drop trailing blanks.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

MARIADB = ("mysql", "mariadb")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

TABLE_OPTIONS = {
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_nopad_bin",
    "mariadb_row_format": "DYNAMIC",
}

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Digest = sa.LargeBinary(32).with_variant(mysql.VARBINARY(32), *MARIADB)
CredentialId = sa.LargeBinary(1023).with_variant(mysql.VARBINARY(1023), *MARIADB)  # WebAuthn allows no longer ones
EventId = sa.LargeBinary(16).with_variant(mysql.VARBINARY(16), *MARIADB)
PublicKey = sa.LargeBinary(1024).with_variant(mysql.VARBINARY(1024), *MARIADB)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds; MariaDB's plain DATETIME would cut them off."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Choose DATETIME(6) on MariaDB, which else keeps whole seconds."""
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 the base's
        """Strip the zone after converting to UTC; a naive value raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 the base's
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Table(SQLModel):
    """What all tables share: our metadata with its naming convention, and their options."""

    metadata: ClassVar[sa.MetaData] = metadata
    __table_args__: ClassVar[tuple[Any, ...]] = (TABLE_OPTIONS,)


def with_options(*parts: sa.Index | sa.UniqueConstraint) -> tuple[Any, ...]:
    """Give what a table has beside its columns: these, and the options of all tables."""
    return (*parts, TABLE_OPTIONS)


def belongs_to(table: str, **more: Any) -> Any:  # noqa: ANN401 Field's own
    """Make the column of whom a row belongs to, and goes with."""
    return Field(sa_type=RowId, foreign_key=f"{table}.id", ondelete="CASCADE", **more)
