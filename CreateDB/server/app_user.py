"""--create-app-user: the account that the API runs with, which may read and write rows and nothing else."""

import os
import re

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from CreateDB.command.arguments import Arguments
from CreateDB.command.errors import OperatorError
from CreateDB.command.explain import explain, redact
from CreateDB.command.terminal import say
from CreateDB.command.urls import require_text
from CreateDB.server.credentials import ask
from CreateDB.server.engine import SERVERS, find_stored_name, make_engine
from CreateDB.server.grants import NEEDED, Grant, list_grants, quote_pattern

LONGEST_NAME = 80  # MariaDB's limit before 10.6; later ones allow more
HOST = re.compile(r"[\w.:%/-]{1,255}", re.ASCII)
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
ADMINISTRATOR = (
    "Making accounts takes an administrator: "
    "an account in --user with CREATE USER, GRANT OPTION on the database, and SELECT on mysql (to see who may do what)."
)
WHO_CONNECTS = ("user", "username", "password", "passwd")  # a driver takes them as options too
NO_RIGHT = (1044, 1141, 1142, 1227, 1396, 1410)
TOO_WEAK = (1819,)


def ask_app_password(arguments: Arguments, url: URL) -> str:
    """Check what the account shall be called, and take its password from APP_PASSWORD, else ask for it twice."""
    if url.get_backend_name() not in SERVERS:
        raise OperatorError("SQLite has no accounts: leave --create-app-user away, and protect the file instead.")
    name, host = arguments.create_app_user or "", arguments.app_user_host
    if not PRINTABLE.fullmatch(name) or len(name) > LONGEST_NAME or not HOST.fullmatch(host):
        raise OperatorError(
            f"--create-app-user takes a name of at most {LONGEST_NAME} characters, "
            "--app-user-host an address, a host name or a pattern such as 10.0.0.%."
        )
    password = os.environ.get("APP_PASSWORD") or _ask_twice(name)
    require_text("The account's name or password", name + password)
    if not PRINTABLE.fullmatch(password):
        raise OperatorError("The account's password cannot be empty or hold control characters.")
    return password


def create_app_user(arguments: Arguments, url: URL, password: str) -> None:
    """Make the account or renew its password, with exactly the rights that the API needs on this database."""
    name, host = arguments.create_app_user or "", arguments.app_user_host
    account = f"{_quote(name)}@{_quote(host)}"
    try:
        _make_account(arguments, url, name, account, password)
    except DBAPIError as error:
        raise OperatorError(_explain(error, url, password)) from None
    own = url.set(username=name, password="PASSWORD").difference_update_query(WHO_CONNECTS)
    say(f"Account {name}@{host} may read and write rows in {url.database}, and nothing else.")
    say(f"For the API: DATABASE_URL={own.render_as_string(hide_password=False)} (PASSWORD percent-encoded)")


def _make_account(arguments: Arguments, url: URL, name: str, account: str, password: str) -> None:
    """Never echoed by SQLAlchemy: the password is a part of two of these statements."""
    with make_engine(url).begin() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")  # then only quotes need doubling
        # Never take rights from the account that gives them.
        if str(connection.exec_driver_sql("SELECT CURRENT_USER()").scalar_one()).rpartition("@")[0] == name:
            raise OperatorError("--create-app-user names the account that this runs with: take another name.")
        statements = [f"{verb} {account} IDENTIFIED BY " for verb in ("CREATE USER IF NOT EXISTS", "ALTER USER")]
        _execute(connection, arguments, statements[0], password)
        database = find_stored_name(connection)
        # An account with other duties is refused before its password is changed.
        grants = list_grants(connection, account)
        if grants.roles or any(not grant.is_on(database) for grant in grants.listed):
            raise OperatorError("--create-app-user names an account that has rights elsewhere too: take another name.")
        _execute(connection, arguments, statements[1], password)
        for statement in _list_changes(grants.listed, account, database):
            _execute(connection, arguments, statement)


def _list_changes(listed: list[Grant], account: str, database: str) -> list[str]:
    """Grant first, so that a running API keeps its rights when there is nothing to take away."""
    wanted = f"{quote_pattern(database)}.*"
    surplus = [grant for grant in listed if grant.on != wanted or not grant.is_needed]
    changes = [f"REVOKE {grant.rights} ON {grant.on} FROM {account}" for grant in surplus]
    changes += [f"REVOKE GRANT OPTION ON {grant.on} FROM {account}" for grant in surplus if grant.may_pass_on]
    return [*changes, f"GRANT {', '.join(sorted(NEEDED))} ON {wanted} TO {account}"]


def _execute(connection: Connection, arguments: Arguments, statement: str, password: str | None = None) -> None:
    if arguments.echo:
        say(statement if password is None else f"{statement}'***'")
    connection.exec_driver_sql(statement if password is None else statement + _quote(password))


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _explain(error: DBAPIError, url: URL, password: str) -> str:
    number = getattr(error.orig, "errno", 0)
    if number in NO_RIGHT:
        return ADMINISTRATOR
    if number in TOO_WEAK:
        return "The server finds the account's password too weak: take a longer one."
    return redact(explain(error, url), url.set(password=password))


def _ask_twice(name: str) -> str:
    nobody = f"No password for {name}, and no terminal to ask for it. Set APP_PASSWORD."
    password, again = ask(f"New password of {name}: ", "The same again: ", nobody=nobody, instead="APP_PASSWORD")
    if password != again:
        raise OperatorError("The two passwords differ. Run this again.")
    return password
