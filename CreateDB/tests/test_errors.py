"""Errors: one line with a hint, status 1, no trace, and never the password in any encoding."""

import base64
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import OperationalError

from CreateDB.command.explain import SERVER_HINTS, explain
from CreateDB.tables.lock import migration_lock
from CreateDB.tables.upgrade import quiet

Run = Callable[..., Any]

SECRET = "s3 cr'e\"t/%&\\+é"
ENCODINGS = [
    SECRET,
    quote(SECRET),
    quote(SECRET, safe=""),
    quote_plus(SECRET),
    repr(SECRET)[1:-1],
    base64.b64encode(SECRET.encode()).decode(),
    SECRET.encode().hex(),
]
URL_OF_SECRET = URL.create("mariadb+mariadbconnector", "u", SECRET, "db.example", 3306, "pupero")


def assert_one_clear_line(outcome: Any, hint: str) -> None:
    """Hold an outcome to the rule for errors."""
    lines = [line for line in outcome.err.splitlines() if not line.startswith("Warning: ")]
    assert outcome.status == 1
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert hint in lines[0]
    assert not any(form in outcome.out + outcome.err for form in [*ENCODINGS, "Traceback"])


@pytest.fixture
def secret_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the command a password that is worth keeping."""
    monkeypatch.setenv("DB_PASSWORD", SECRET)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Listen as a server that never greets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.asvs("16.5.1")
@pytest.mark.usefixtures("secret_in_environment")
class TestOnAServer:
    """What can go wrong between the command and a server."""

    def test_wrong_password(self, make_account: Callable[..., Any], run: Run) -> None:
        """A wrong password is named as such."""
        outcome = run(*make_account("right").flags("pupero"))

        assert_one_clear_line(outcome, "refused the user or the password")

    def test_no_right_on_the_database(self, make_account: Callable[..., Any], free_name: str, run: Run) -> None:
        """An account without any right on the database is told what to ask for."""
        outcome = run(*make_account(SECRET).flags(free_name), "--create-database")

        assert_one_clear_line(outcome, f"GRANT ALL PRIVILEGES ON `{free_name}`.*")

    def test_no_right_to_make_tables(
        self, make_account: Callable[..., Any], scratch_database: Callable[[], str], run: Run
    ) -> None:
        """An account that may only read is told what to ask for."""
        database = scratch_database().rpartition("/")[2]

        outcome = run(*make_account(SECRET, f"SELECT ON {database}.*").flags(database))

        assert_one_clear_line(outcome, "may not make or change tables")

    def test_nobody_listens(self, run: Run) -> None:
        """A server that is down is named with its address."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = str(taken.getsockname()[1])
            outcome = run("--user", "u", "--database", "d", "--port", port)

        assert_one_clear_line(outcome, f"No server answers at 127.0.0.1:{port}")

    def test_unknown_host(self, run: Run) -> None:
        """A host that does not exist is named; only the compiled driver tells it from one that is down."""
        outcome = run("--user", "u", "--database", "d", "--host", "nowhere.invalid")

        assert_one_clear_line(outcome, "nowhere.invalid")
        assert "check" in outcome.err
        assert "--host" in outcome.err

    def test_a_server_that_never_greets(self, silent_port: int, run: Run) -> None:
        """A silent port does not hold the operator up for long."""
        url = f"mariadb+mariadbconnector://u@127.0.0.1:{silent_port}/d?connect_timeout=1"

        assert_one_clear_line(run("--url", url), f"127.0.0.1:{silent_port}")

    @pytest.mark.parametrize("driver", ["mysql+nosuchdriver", "mariadb+nosuchdriver"])
    def test_unknown_driver(self, run: Run, driver: str) -> None:
        """A driver that does not exist is named, with the usual one."""
        outcome = run("--user", "u", "--database", "d", "--driver", driver)

        assert_one_clear_line(outcome, f"no driver {driver}")

    @pytest.mark.parametrize("driver", ["postgresql+psycopg", "sqlite", "mariadb://", ""])
    def test_unsuitable_driver(self, run: Run, driver: str) -> None:
        """A driver for something else, or none at all, is refused."""
        assert_one_clear_line(run("--user", "u", "--database", "d", "--driver", driver), "maria")


@pytest.mark.asvs("1.2.4")
@pytest.mark.parametrize(
    "name",
    [
        "",
        "a`b",
        "a'b",
        'a"b',
        "a/b",
        "a\\b",
        "a;b",
        "a\x00b",
        "a\nb",
        " a",
        "a ",
        "x" * 65,
        "`; DROP DATABASE mysql; -- ",
    ],
)
@pytest.mark.parametrize("by_url", [False, True])
def test_an_unsafe_name_of_a_database_runs_nothing(run: Run, name: str, *, by_url: bool) -> None:
    """SQL in the database's name is refused before any connection: port 1 would else be the complaint."""
    url = URL.create("mariadb+mariadbconnector", "u", SECRET, "127.0.0.1", 1, name).render_as_string(
        hide_password=False
    )
    parts = ["--user", "u", "--password", SECRET, "--port", "1", "--database", name]

    outcome = run(*(["--url", url] if by_url else parts), "--create-database")

    assert_one_clear_line(outcome, "database")
    assert "port" not in outcome.err


@pytest.mark.asvs("16.5.1")
@pytest.mark.parametrize(
    "url",
    ["nonsense", "mariadb+mariadbconnector://u:s3cret@more@h/d", "mariadb+mariadbconnector://u@h:s3cret/d", ""],
)
def test_a_broken_url_is_not_repeated(run: Run, url: str) -> None:
    """A URL that cannot be understood may hold the password anywhere, so none of it is shown."""
    outcome = run("--url", url)

    assert_one_clear_line(outcome, "--url cannot be understood")
    assert "s3cret" not in outcome.err
    assert "more" not in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="the environment is always text there")
def test_a_password_that_is_no_text(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are not UTF-8 are refused in words; the driver would fail with a trace."""
    monkeypatch.setenv("DB_PASSWORD", os.fsdecode(b"s3cret\xff"))

    assert_one_clear_line(run("--user", "u", "--database", "d"), "The password holds bytes that are not UTF-8")


@pytest.mark.asvs("16.5.1")
def test_an_option_that_the_driver_does_not_know(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option is named, with those that the driver knows; the API refuses to start for the same."""
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    outcome = run("--url", "mariadb+mariadbconnector://u@127.0.0.1:1/pupero?charset=utf8mb4", "--check")

    assert_one_clear_line(outcome, "an option that the driver does not know: charset. It knows client_flag, ")


class TestOnAFile:
    """What can go wrong with a SQLite file."""

    def test_no_folder(self, run: Run, tmp_path: Path) -> None:
        """A missing folder is named instead of 'unable to open database file'."""
        assert_one_clear_line(run("--url", f"sqlite:///{tmp_path}/nowhere/x.db"), "nowhere does not exist")

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_no_file(self, run: Run, url: str) -> None:
        """Tables in memory would be gone when the command ends."""
        assert_one_clear_line(run("--url", url), "names no file")

    def test_a_folder_in_its_place(self, run: Run, tmp_path: Path) -> None:
        """A folder cannot be opened as a file."""
        assert_one_clear_line(run("--url", f"sqlite:///{tmp_path}"), "cannot be opened")

    def test_no_database(self, run: Run, tmp_path: Path) -> None:
        """Another program's file is left alone."""
        (tmp_path / "letter.txt").write_text("Dear operator, " * 100)

        assert_one_clear_line(run("--url", f"sqlite:///{tmp_path}/letter.txt"), "is no SQLite database")
        assert (tmp_path / "letter.txt").read_text() == "Dear operator, " * 100

    def test_read_only(self, run: Run, tmp_path: Path) -> None:
        """A file that cannot be written is named as such."""
        (tmp_path / "empty.db").touch()

        outcome = run("--url", f"sqlite:///file:{tmp_path}/empty.db?mode=ro&uri=true")

        assert_one_clear_line(outcome, "cannot be written")

    def test_held_for_too_long(self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that another run holds is waited for, then given up with a message."""
        monkeypatch.setattr("CreateDB.tables.lock.WAIT_SECONDS", 1)
        engine = create_engine(f"sqlite:///{tmp_path}/held.db")
        with engine.connect() as other, migration_lock(other, quiet):
            outcome = run("--url", f"sqlite:///{tmp_path}/held.db")
        engine.dispose()

        assert_one_clear_line(outcome, "Another run has held this database")


@pytest.mark.asvs("16.5.1")
@pytest.mark.parametrize("number", [*SERVER_HINTS, 9999])
def test_every_number_is_one_line_without_the_password(number: int) -> None:
    """Each error number, known or not, becomes one line, even if the driver names the password."""
    driver_error = RuntimeError(f"access denied\nfor {SECRET} or {quote(SECRET)} or {SECRET!r} or {quote_plus(SECRET)}")
    driver_error.errno = number  # type: ignore[attr-defined]

    line = explain(OperationalError("SELECT 1", {}, driver_error), URL_OF_SECRET)

    assert line.isprintable()
    assert "{" not in line
    assert not any(form in line for form in ENCODINGS)
    assert (number == 9999) == line.startswith("Unexpected OperationalError: access denied for *** or *** or '***'")


def test_localhost_is_explained() -> None:
    """The driver takes localhost for a socket file of its own, which is rarely the server's."""
    driver_error = RuntimeError()
    driver_error.errno = 2002  # type: ignore[attr-defined]

    line = explain(OperationalError("", {}, driver_error), URL_OF_SECRET.set(host="localhost"))

    assert "say 127.0.0.1 instead" in line
