"""The engine that this command runs on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url

SERVERS = ("mariadb", "mysql")
CONNECT_SECONDS = 10
BUSY_SECONDS = 1  # short, because lock.py asks again; a longer wait inside SQLite would not hear Ctrl-C


def make_engine(url: URL | str, *, echo: bool = False) -> Engine:
    """Build an engine for one short run; an echoed statement never shows its parameters."""
    url = make_url(url)
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
    if url.get_backend_name() in SERVERS:
        patience = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
        options = {"connect_args": patience, "isolation_level": "READ COMMITTED"}
    engine = create_engine(url, echo=echo, hide_parameters=True, poolclass=NullPool, **options)
    if engine.dialect.name == "sqlite":
        # Foreign keys stay off: a migration that copies a table drops the old one, and rows that point to it would go.
        event.listen(engine, "connect", _no_implicit_transactions)
    return engine


@contextmanager
def transaction(url: URL | str, *, echo: bool = False) -> Iterator[Connection]:
    """Open a transaction that is committed at the end, or undone by any exception, on SQLite too."""
    with make_engine(url, echo=echo).begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def _no_implicit_transactions(connection: sqlite3.Connection, _record: object) -> None:
    """Stop Python's driver from beginning and committing by itself, which would break our one transaction apart."""
    connection.isolation_level = None
