"""Real databases for tests: SQLite files and scratch databases on a MariaDB server.

The server is the one that DATABASE_URL names (never the database it names), else a private one made for the run.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError

from CreateDB.models import metadata
from CreateDB.server.engine import SERVERS, create_database, make_engine
from CreateDB.tables.upgrade import upgrade
from testing.mariadb_server import MariadbControl, quick_folder, unavailable
from testing.required import missing

BACKENDS = ["sqlite", "mariadb"]
NO_RIGHT = (1044, 1142, 1227)
DATABASE = "pupero"  # on a private server

ScratchDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """Give the URL, without a database, of a server on which databases may be made."""
    configured = _configured_server()
    if configured is not None:
        _require_right_to_create(configured)
        yield configured
        return
    control = _private_server()
    yield control.url
    control.stop()
    control.remove()


@pytest.fixture
def mariadb_control() -> Iterator[MariadbControl]:
    """Give a started private server of the test's own, to stop, kill and restart."""
    control = _private_server()
    yield control
    control.remove()


@pytest.fixture(scope="session")
def scratch_database(mariadb_server: str) -> Iterator[ScratchDatabase]:
    """Give a function that makes an empty MariaDB database and returns its URL; all are dropped at the end."""
    made: list[str] = []

    def make() -> str:
        name = f"pupero_test_{secrets.token_hex(6)}"
        _on_server(mariadb_server, f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
        made.append(name)
        return _text(make_url(mariadb_server).set(database=name))

    yield make
    for name in made:
        _on_server(mariadb_server, f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def sqlite_folder() -> Iterator[Path]:
    """Give a folder for files that are committed to often: in memory where there is room, gone after the test."""
    with tempfile.TemporaryDirectory(prefix="pupero-sqlite-", dir=quick_folder(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(params=BACKENDS)
def empty_url(request: pytest.FixtureRequest, sqlite_folder: Path) -> str:
    """Give a database without tables, on each backend in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{(sqlite_folder / 'empty.sqlite3').as_posix()}"
    make: ScratchDatabase = request.getfixturevalue("scratch_database")
    return make()


@pytest.fixture
def database_url(empty_url: str) -> str:
    """Give a database of the test's own, migrated from nothing, on each backend in turn."""
    upgrade(empty_url)
    return empty_url


@pytest.fixture(params=BACKENDS)
def migrated_url(request: pytest.FixtureRequest) -> str:
    """Give a migrated database without rows, on each backend in turn; much cheaper than `database_url`."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_copy"))
    url = str(request.getfixturevalue("migrated_mariadb"))
    empty_tables(url)
    return url


@pytest.fixture
def sqlite_copy(migrated_sqlite: str, sqlite_folder: Path) -> str:
    """Give a migrated SQLite file without rows, the test's own."""
    copy = sqlite_folder / "migrated.sqlite3"
    shutil.copyfile(make_url(migrated_sqlite).database or "", copy)
    return f"sqlite:///{copy.as_posix()}"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the migrated SQLite file that each test gets a copy of."""
    url = f"sqlite:///{(tmp_path_factory.mktemp('sqlite') / 'template.sqlite3').as_posix()}"
    upgrade(url)
    return url


@pytest.fixture(scope="session")
def migrated_mariadb(scratch_database: ScratchDatabase) -> str:
    """Give the migrated MariaDB database whose rows are deleted before each test."""
    url = scratch_database()
    upgrade(url)
    return url


def empty_tables(url: str) -> None:
    """Delete every row, children first; ten times faster than TRUNCATE."""
    with make_engine(url).begin() as connection:
        # An open transaction of the test before must show as a failure soon, not as a wait of 50 seconds.
        connection.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 5")
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


def make_tables(server: MariadbControl) -> str:
    """Make the suite's tables on a private server, unless they are there, and return the URL of their database."""
    url = f"{server.url}{DATABASE}"
    create_database(make_url(url))
    upgrade(url)
    return url


def make_account(server: MariadbControl) -> str:
    """Make an account like the API's, `app`, and return its password."""
    password = secrets.token_urlsafe(16)
    _on_server(server.url, f"CREATE USER app IDENTIFIED BY '{password}'")
    _on_server(server.url, f"GRANT SELECT, INSERT, UPDATE, DELETE ON {DATABASE}.* TO app")
    return password


def _configured_server() -> str | None:
    url = os.environ.get("DATABASE_URL", "")
    if not url or make_url(url).get_backend_name() not in SERVERS:
        return None
    return _text(make_url(url).set(database=""))


def _private_server() -> MariadbControl:
    reason = unavailable()
    if reason is not None:
        missing("mariadb", reason)
    control = MariadbControl()
    control.start()
    return control


def _require_right_to_create(server: str) -> None:
    name = f"pupero_test_{secrets.token_hex(6)}"
    try:
        _on_server(server, f"CREATE DATABASE {name}")
    except DBAPIError as error:
        if getattr(error.orig, "errno", None) not in NO_RIGHT:
            pytest.fail(f"DATABASE_URL's server cannot be used: {error.orig}", pytrace=False)
        missing("mariadb", "DATABASE_URL's account may not make scratch databases (it lacks CREATE and DROP)")
    _on_server(server, f"DROP DATABASE {name}")


def _on_server(server: str, statement: str) -> None:
    with make_engine(server).begin() as connection:
        connection.exec_driver_sql(statement)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
