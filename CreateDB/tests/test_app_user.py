"""--create-app-user: an account for the API that may read and write rows and nothing else."""

import secrets
import string
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from CreateDB.server.app_user import ADMINISTRATOR
from CreateDB.server.engine import make_engine
from CreateDB.server.grants import list_grants
from testing.api import PASSWORD, StartApi, enable_totp, register, sign_in

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]

EVERYTHING = " " + string.digits + string.ascii_letters + string.punctuation + "é€ "
ON_MARIADB = pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)


@pytest.fixture
def app_user(mariadb_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a name that needs quoting, and drop what becomes of it; APP_PASSWORD has every kind of character."""
    monkeypatch.setenv("APP_PASSWORD", EVERYTHING)
    name = f"app's `\"%\\{secrets.token_hex(4)}"
    yield name
    with make_engine(mariadb_server).begin() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
        quoted = name.replace("'", "''")
        connection.exec_driver_sql(f"DROP USER IF EXISTS '{quoted}'@'%'")


def url_of(server: str, name: str, database: str) -> str:
    """Give the URL by which the API would use the account."""
    own = make_url(server).set(username=name, password=EVERYTHING, database=database)
    return own.render_as_string(hide_password=False)


def grants_of(url: str) -> list[str]:
    """Ask an account what it may do."""
    with make_engine(url).connect() as connection:
        return [f"{grant.rights} ON {grant.on}" for grant in list_grants(connection).listed]


@ON_MARIADB
@pytest.mark.asvs("13.2.2")
def test_the_api_does_everything_with_it(migrated_url: str, app_user: str, run: Run, start_api: StartApi) -> None:
    """Sign-up, second factor, sessions, changes and deletion all work; tables cannot be made, changed or dropped."""
    outcome = run("--url", migrated_url, "--create-app-user", app_user)
    assert outcome.status == 0, outcome.err
    own = url_of(migrated_url, app_user, make_url(migrated_url).database or "")

    with httpx2.Client(base_url=start_api(DATABASE_URL=own).url) as http:
        assert http.get("/readyz").status_code == httpx2.codes.OK
        user = enable_totp(sign_in(http, register(http)))
        assert http.post("/login", json={"username": "alice", "password": "wrong"}).status_code == 400
        assert user.refresh().status_code == 200
        assert user.call("PUT", "/user/update", {"phrase": "blue door"}).status_code == 200
        assert len(user.get("/user/sessions").json()) == 1
        gone = user.post("/user/delete", {"confirm": True, "current_password": PASSWORD, "totp": user.code()})
        assert gone.status_code == httpx2.codes.OK, gone.text
    for statement in ("CREATE TABLE x (id INT)", "ALTER TABLE users ADD x INT", "DROP TABLE users"):
        with pytest.raises(DBAPIError, match="denied"), make_engine(own).begin() as connection:
            connection.exec_driver_sql(statement)


@ON_MARIADB
@pytest.mark.asvs("12.3.2")
def test_the_options_of_the_connection_are_the_api_s_too(migrated_url: str, app_user: str, run: Run) -> None:
    """What is printed for the API is encrypted like the connection that made it, and has no password of anybody."""
    given = make_url(migrated_url)
    options = {"ssl_verify_cert": "false", "connect_timeout": "7", "password": given.password or ""}

    url = given.update_query_dict(options).render_as_string(hide_password=False)
    outcome = run("--url", url, "--create-app-user", app_user)

    assert outcome.status == 0, outcome.err
    printed = make_url(outcome.out.rpartition("DATABASE_URL=")[2].partition(" (PASSWORD")[0])
    assert printed == given.set(
        username=app_user, password="PASSWORD", query={"ssl_verify_cert": "false", "connect_timeout": "7"}
    )


def test_database_tables_and_account_in_one_run(
    mariadb_server: str, free_name: str, app_user: str, start: Start, finish: Run
) -> None:
    """One command makes all three, twice over; no output has the password, not even with --echo."""
    url = make_url(mariadb_server).set(database=free_name).render_as_string(hide_password=False)
    flags = ["--url", url, "--create-database", "--create-app-user", app_user, "--echo"]

    first, second = (finish(start(*flags, APP_PASSWORD=EVERYTHING)) for _ in range(2))

    assert (first.status, second.status) == (0, 0), first.err + second.err
    assert f"may read and write rows in {free_name}, and nothing else." in first.out
    assert "IDENTIFIED BY '***'" in first.out
    assert not any(part in first.out + first.err for part in (EVERYTHING, EVERYTHING.replace("'", "''"), "abcdef"))
    escaped = free_name.replace("_", "\\_")
    assert grants_of(url_of(mariadb_server, app_user, free_name)) == [
        f"SELECT, INSERT, UPDATE, DELETE ON `{escaped}`.*"
    ]


@pytest.mark.asvs("13.2.2")
@ON_MARIADB
def test_rights_that_it_had_on_the_database_are_taken_away(
    migrated_url: str, make_account: Callable[..., Any], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that could do all, also on single tables and for others, is left with the four, and a new password."""
    monkeypatch.setenv("APP_PASSWORD", EVERYTHING)
    database = make_url(migrated_url).database or ""
    account = make_account("old", f"ALL PRIVILEGES ON {database}.*", f"CREATE, SELECT ON {database}.users")
    with make_engine(migrated_url).begin() as connection:
        connection.exec_driver_sql(f"GRANT DROP ON {database}.sessions TO {account.user}@'%' WITH GRANT OPTION")

    outcome = run("--url", migrated_url, "--create-app-user", account.user)

    assert outcome.status == 0, outcome.err
    escaped = database.replace("_", "\\_")
    assert grants_of(url_of(migrated_url, account.user, database)) == [
        f"SELECT, INSERT, UPDATE, DELETE ON `{escaped}`.*"
    ]


@ON_MARIADB
@pytest.mark.parametrize("elsewhere", ["SELECT ON mysql.*", "PROCESS ON *.*"])
def test_an_account_with_other_duties_is_left_alone(
    migrated_url: str,
    make_account: Callable[..., Any],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: str,
) -> None:
    """An account that may do something elsewhere is somebody's: neither its password nor its rights change."""
    monkeypatch.setenv("APP_PASSWORD", EVERYTHING)
    account = make_account("still mine", elsewhere)

    outcome = run("--url", migrated_url, "--create-app-user", account.user)

    assert outcome.status == 1
    assert "has rights elsewhere too" in outcome.err
    own = make_url(migrated_url).set(username=account.user, password="still mine", database="")
    assert len(grants_of(own.render_as_string(hide_password=False))) == 1


@ON_MARIADB
def test_it_never_narrows_the_account_that_runs_it(migrated_url: str, run: Run, app_user: str) -> None:
    """Naming one's own account ends with a message instead of without rights."""
    outcome = run("--url", migrated_url, "--create-app-user", make_url(migrated_url).username or "")

    assert outcome.status == 1
    assert "names the account that this runs with" in outcome.err


def test_making_accounts_takes_an_administrator(
    make_account: Callable[..., Any], free_name: str, run: Run, app_user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may make tables but no accounts is told what is missing."""
    account = make_account("x", f"ALL PRIVILEGES ON {free_name}.*")
    monkeypatch.setenv("DB_PASSWORD", "x")

    outcome = run(*account.flags(free_name), "--create-database", "--create-app-user", app_user)

    assert outcome.status == 1
    assert outcome.err == f"Error: {ADMINISTRATOR}\n"


def test_the_rights_that_it_names_are_enough(
    make_account: Callable[..., Any], free_name: str, start: Start, finish: Run, app_user: str
) -> None:
    """An administrator of this one database, who is no root, makes tables and account."""
    account = make_account("x", "CREATE USER ON *.*", "SELECT ON mysql.*")
    with make_engine(account.server).begin() as connection:
        connection.exec_driver_sql(f"GRANT ALL PRIVILEGES ON {free_name}.* TO {account.user}@'%' WITH GRANT OPTION")
    flags = [*account.flags(free_name), "--create-database", "--create-app-user", app_user]

    outcome = finish(start(*flags, DB_PASSWORD="x", APP_PASSWORD=EVERYTHING))

    assert outcome.status == 0, outcome.err
    assert f"may read and write rows in {free_name}, and nothing else." in outcome.out


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--create-app-user", ""], "takes a name of at most"),
        (["--create-app-user", "a\nb"], "takes a name of at most"),
        (["--create-app-user", "a", "--app-user-host", "x'y"], "takes a name of at most"),
        (["--create-app-user", "a"], "no terminal to ask for it. Set APP_PASSWORD."),
    ],
)
def test_what_cannot_be_an_account(start: Start, finish: Run, flags: list[str], hint: str) -> None:
    """Nothing is connected to before name, host and password are known to be usable."""
    outcome = finish(start("--user", "u", "--database", "d", "--password", "p", *flags, APP_PASSWORD=""))

    assert outcome.status == 1
    assert hint in outcome.err
    assert outcome.out == ""


def test_sqlite_has_no_accounts(run: Run, tmp_path: Any) -> None:
    """A file is told apart from a server, and is not even made."""
    outcome = run("--url", f"sqlite:///{tmp_path}/x.sqlite3", "--create-app-user", "app")

    assert (outcome.status, "SQLite has no accounts" in outcome.err) == (1, True)
    assert not list(tmp_path.iterdir())
