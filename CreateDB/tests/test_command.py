"""The command's flags: what each does, and which go together."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, make_url, text

from CreateDB.server.engine import make_engine

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]

REVISIONS = sorted(path.name[:4] for path in (Path(__file__).parents[1] / "migrations/versions").glob("[0-9]*.py"))
HEAD = REVISIONS[-1]


@pytest.mark.asvs("13.2.2")
def test_a_limited_account_makes_database_and_tables(
    make_account: Callable[..., Any], free_name: str, start: Start, finish: Run
) -> None:
    """An account with rights on its own database only can make it, step by step, and the run can be repeated."""
    account = make_account("pass word", f"ALL PRIVILEGES ON {free_name}.*")
    flags = [*account.flags(free_name), "--create-database"]

    first, second = [finish(start(*flags, DB_PASSWORD="pass word")) for _ in range(2)]

    done = f"Done: the tables in {free_name} are up to date (revision {HEAD})."
    assert [line.partition(":")[0] for line in first.out.splitlines()[1:]] == [
        f"Database {free_name} is there.",
        *(f"Migration {revision}" for revision in REVISIONS),
        "Done",
    ]
    assert first.out.splitlines()[-1] == second.out.splitlines()[-1] == done
    assert "Migration" not in second.out
    assert (first.status, first.err, second.status, second.err) == (0, "", 0, "")


def test_create_database_uses_utf8mb4(mariadb_server: str, free_name: str, run: Run) -> None:
    """The database compares text byte for byte, whatever the server's default is."""
    url = make_url(mariadb_server).set(database=free_name).render_as_string(hide_password=False)

    assert run("--url", url, "--create-database").status == 0

    with make_engine(url).connect() as connection:
        row = connection.execute(text("SELECT @@character_set_database, @@collation_database")).one()
    assert tuple(row) == ("utf8mb4", "utf8mb4_nopad_bin")


def test_without_create_database_a_missing_one_is_told(
    make_account: Callable[..., Any], free_name: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --create-database nothing is made, and the hint names the flag."""
    account = make_account("x", f"ALL PRIVILEGES ON {free_name}.*")
    monkeypatch.setenv("DB_PASSWORD", "x")

    outcome = run(*account.flags(free_name))

    assert outcome.status == 1
    assert outcome.err == f"Error: There is no database {free_name}: add --create-database.\n"


def test_check_tells_empty_from_current(empty_url: str, run: Run) -> None:
    """--check changes nothing: an empty database stays empty, with status 1; a migrated one has status 0."""
    before = run("--url", empty_url, "--check")
    assert (before.status, before.out.count("\n")) == (1, 1)
    assert "run this without --check" in before.out
    if empty_url.startswith("sqlite"):
        assert not Path(make_url(empty_url).database or "").exists()
    assert inspect(make_engine(empty_url)).get_table_names() == []

    assert run("--url", empty_url).status == 0

    after = run("--url", empty_url, "--check")
    assert (after.status, after.out, after.err) == (0, f"The tables are up to date (revision {HEAD}).\n", "")


@pytest.mark.parametrize("flags", [["--check"], []])
def test_a_newer_schema_is_left_alone(database_url: str, run: Run, flags: list[str]) -> None:
    """A revision that this code does not know ends both the check and the run, and the advice is to update."""
    with make_engine(database_url).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'ffff'")

    outcome = run("--url", database_url, *flags)

    assert outcome.status == 1
    assert "revision ffff, which this version does not know: update the code first" in outcome.out + outcome.err


def test_check_notices_a_lost_column(database_url: str, run: Run) -> None:
    """A dump restored without one column is not called up to date."""
    with make_engine(database_url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE users DROP COLUMN phrase")

    outcome = run("--url", database_url, "--check")

    assert outcome.status == 1
    assert "lack users.phrase" in outcome.out


def test_another_program_s_table_is_noticed(empty_url: str, run: Run) -> None:
    """A table of the same name but another shape is never mistaken for ours."""
    with make_engine(empty_url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)")

    outcome = run("--url", empty_url)

    assert outcome.status == 1
    assert "A table of another program is in the way" in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.asvs("16.2.5")
def test_echo_shows_statements_but_no_secret(
    make_account: Callable[..., Any], free_name: str, start: Start, finish: Run
) -> None:
    """--echo prints the SQL, and neither the password nor any value."""
    account = make_account("echo-s3cret", f"ALL PRIVILEGES ON {free_name}.*")

    outcome = finish(start(*account.flags(free_name), "--create-database", "--echo", DB_PASSWORD="echo-s3cret"))

    assert outcome.status == 0
    assert f"CREATE DATABASE IF NOT EXISTS `{free_name}`" in outcome.out
    assert "CREATE TABLE IF NOT EXISTS users" in outcome.out
    assert "s3cret" not in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        ([], "--user and --database are both needed, or else --url"),
        (["--user", "u"], "--user and --database are both needed"),
        (["--url", "sqlite:///x", "--user", "u", "--password", "p"], "leave --user, --password away; let DB_PASSWORD"),
        (["--url", "sqlite:///x", "--port", "3306"], "leave --port away"),
        (["--url", "sqlite:///x", "--check", "--create-database"], "--check and --create-database are different tasks"),
        (["--url", "sqlite:///x", "--doctor", "--json", "--echo"], "--echo would mix its lines into those of --json"),
        (["--user", "u", "--database", "d", "--port", "0"], "a port is a number from 1 to 65535"),
        (["--user", "u", "--database", "d", "--port", "70000"], "a port is a number from 1 to 65535"),
        (["--user", "u", "--database", "d", "--pass", "s3cret"], "there is no flag --pass "),
        (["--user", "u", "--database", "d", "--pasword=s3cret"], "there is no flag --pasword "),
        (["--user", "u", "--database", "d", "--password", "x", "s3cret"], "put quotes around"),
        (["--user", "u", "--database", "d", "--password", "-s3cret"], "join one that begins with a dash by ="),
    ],
)
@pytest.mark.asvs("16.5.1")
def test_flags_that_do_not_go_together(run: Run, flags: list[str], hint: str) -> None:
    """A command line that makes no sense ends with status 2 and one line, which repeats no value."""
    outcome = run(*flags)

    assert outcome.status == 2
    assert hint in outcome.err
    assert outcome.err.count("\n") == 1
    assert "s3cret" not in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently there")
@pytest.mark.parametrize("flags", [[], ["--echo"]])
def test_a_listener_that_leaves_does_not_stop_the_work(tmp_path: Path, start: Start, flags: list[str]) -> None:
    """Piped into something that ends early, the run still finishes, and says nothing odd."""
    url = f"sqlite:///{tmp_path}/piped.sqlite3"
    process = start("--url", url, *flags)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""

    assert process.wait(60) == 0
    assert inspect(make_engine(url)).has_table("users")


def test_a_name_that_the_terminal_cannot_show(tmp_path: Path, start: Start, finish: Run) -> None:
    """A file name outside the terminal's character set is shown escaped, and the run finishes."""
    outcome = finish(start("--url", f"sqlite:///{tmp_path}/josé.sqlite3", PYTHONIOENCODING="ascii"))

    assert (outcome.status, outcome.err) == (0, "")
    assert "jos\\xe9.sqlite3" in outcome.out


def test_help_explains_every_flag(run: Run) -> None:
    """--help names each flag and where the password comes from."""
    outcome = run("--help")

    flags = "--user --password --host --port --database --driver --url --echo --create-database --check"
    assert outcome.status == 0
    assert all(flag in outcome.out for flag in [*flags.split(), "DB_PASSWORD"])
