"""The engine that this command runs on, and the database that it makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url

from app.driver.hosts import Hosts
from app.driver.places import use_hosts
from app.driver.session import prepare_session

SERVERS = ("mariadb", "mysql")
CONNECT_SECONDS = 10
BUSY_SECONDS = 1  # short, because lock.py asks again; a longer wait inside SQLite would not hear Ctrl-C
# A server with lower_case_table_names (the default on Windows and macOS, and offered by clouds) keeps all names small.
STORED_NAME = "SELECT IF(@@lower_case_table_names = 0, DATABASE(), LOWER(DATABASE()))"


def make_engine(url: URL | str, *, echo: bool = False) -> Engine:
    """Build an engine for one short run; an echoed statement never shows its parameters."""
    url = make_url(url)
    # The driver begins and commits nothing by itself, which would break our one transaction apart. Foreign keys stay
    # off: a migration that copies a table drops the old one, and rows that point to it would go.
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "isolation_level": None}}
    if url.get_backend_name() in SERVERS:
        ours = {"connect_timeout": CONNECT_SECONDS, "init_command": prepare_session(url.get_backend_name())}
        said = {name: value for name, value in ours.items() if value and name not in url.query}
        options = {"connect_args": said, "isolation_level": "READ COMMITTED"}
    engine = create_engine(url, echo=echo, hide_parameters=True, poolclass=NullPool, **options)
    use_hosts(engine, _find_hosts(url.set(database="")))
    return engine


@cache
def _find_hosts(url: URL) -> Hosts:
    """Keep to one host for the whole run, however many engines it makes, also before there is a database."""
    return Hosts(url)


@contextmanager
def transaction(url: URL | str, *, echo: bool = False) -> Iterator[Connection]:
    """Open a transaction that is committed at the end, or undone by any exception, on SQLite too."""
    with make_engine(url, echo=echo).begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def find_stored_name(connection: Connection) -> str:
    """Return the name under which the server keeps the connected database: in its grants and in its locks."""
    return str(connection.exec_driver_sql(STORED_NAME).scalar_one() or "")


def create_database(url: URL, *, echo: bool = False) -> None:
    """Make the database if it is absent; connects without any, because it may not be there yet."""
    if url.get_backend_name() not in SERVERS:
        return  # SQLite makes its file when it is first opened
    engine = make_engine(url.set(database=""), echo=echo)
    name = engine.dialect.identifier_preparer.quote_identifier(url.database or "")
    with engine.begin() as connection:
        # Explicit, because the servers' default collations differ, and take `josé@` for `jose@`.
        connection.exec_driver_sql(
            f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
        )
