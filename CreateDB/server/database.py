"""Makes the database itself, on a server that may only know an account limited to it."""

from sqlalchemy import URL, Connection

from CreateDB.server.engine import SERVERS, make_engine

# A server with lower_case_table_names (the default on Windows and macOS, and offered by clouds) keeps all names small.
STORED_NAME = "SELECT IF(@@lower_case_table_names = 0, DATABASE(), LOWER(DATABASE()))"


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
