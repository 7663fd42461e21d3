"""What the command's tests share: ways to run it, accounts of limited rights, and a schema to compare."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from app.config import Settings
from CreateDB.main import main
from CreateDB.server.engine import make_engine
from CreateDB.tables.revisions import MIGRATIONS
from testing.galera import Cluster
from testing.required import missing

MAIN = Path(__file__).resolve().parents[1] / "main.py"


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Account:
    """A database account that a test may use."""

    user: str
    password: str
    server: str

    def flags(self, database: str) -> list[str]:
        """Give the flags that name it and a database, without the password."""
        url = make_url(self.server)
        where = ["--host", str(url.host), "--port", str(url.port or 3306), "--driver", url.drivername]
        return ["--user", self.user, *where, "--database", database]


@pytest.fixture(autouse=True)
def no_password_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own DB_PASSWORD out of the tests."""
    monkeypatch.delenv("DB_PASSWORD", raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run the command in this process, which is quick."""

    def run(*flags: str) -> Outcome:
        try:
            status = main(flags)
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return Outcome(status, out, err)

    return run


@pytest.fixture
def cli(run: Callable[..., Outcome], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run the command without saying where: it takes the API's settings from the environment."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("JWT_SECRET_KEY", settings.jwt_secret_key.get_secret_value())
    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command as an operator does: as a script, from a folder that is not the repository's."""
    started: list[subprocess.Popen[str]] = []

    def start(*flags: str, stdin: int = subprocess.DEVNULL, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 our own command
            [sys.executable, str(MAIN), *flags],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def finish() -> Callable[[subprocess.Popen[str]], Outcome]:
    """Wait for a started command."""

    def finish(process: subprocess.Popen[str]) -> Outcome:
        out, err = process.communicate(timeout=120)
        return Outcome(process.returncode, out, err)

    return finish


@pytest.fixture
def make_account(mariadb_server: str) -> Iterator[Callable[..., Account]]:
    """Make accounts with a password and just the rights that are listed; all are dropped afterwards."""
    made: list[str] = []

    def make(password: str, *grants: str) -> Account:
        name = f"pupero_{secrets.token_hex(6)}"
        quoted = password.replace("\\", "\\\\").replace("'", "''")
        try:
            _execute(mariadb_server, f"CREATE USER {name}@'%' IDENTIFIED BY '{quoted}'")
        except DBAPIError as error:
            missing("mariadb", f"the account of DATABASE_URL may not make accounts ({error.orig})")
        made.append(name)
        for grant in grants:
            _execute(mariadb_server, f"GRANT {grant} TO {name}@'%'")
        return Account(name, password, mariadb_server)

    yield make
    for name in made:
        _execute(mariadb_server, f"DROP USER {name}@'%'")


@pytest.fixture
def free_name(mariadb_server: str) -> Iterator[str]:
    """Give the name of a database that does not exist yet, and drop what becomes of it."""
    name = f"pupero_test_{secrets.token_hex(6)}"
    yield name
    _execute(mariadb_server, f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def empty_name(cluster: Cluster) -> str:
    """Make a database without tables; it goes with the cluster."""
    name = f"pupero_{secrets.token_hex(6)}"
    cluster.nodes[0].run(f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def make_up_to() -> Callable[[str, str], None]:
    """Give a function that makes the tables as they were at a revision."""

    def make_up_to(url: str, revision: str) -> None:
        with make_engine(url).connect() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(MIGRATIONS))
            command.upgrade(config, revision)
            connection.commit()

    return make_up_to


@pytest.fixture
def schema_of() -> Callable[[str], list[tuple[str, str]]]:
    """Read a database's tables as the statements that would make them."""

    def schema_of(url: str) -> list[tuple[str, str]]:
        with make_engine(url).connect() as connection:
            if connection.dialect.name == "sqlite":
                rows = connection.exec_driver_sql("SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY name")
                return [(name, statement) for name, statement in rows]
            tables = sorted(connection.exec_driver_sql("SHOW TABLES").scalars())
            shown = [connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one() for table in tables]
            return [(name, statement) for name, statement in shown]

    return schema_of


def _execute(server: str, statement: str) -> None:
    with make_engine(server).begin() as connection:
        connection.exec_driver_sql(statement)
