"""Turns a driver's error into one line with a hint, without any secret."""

import json
import re
from urllib.parse import quote, quote_plus

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from app.driver.failures import NoHost
from CreateDB.command.terminal import one_line
from CreateDB.command.urls import describe

GRANT = "an administrator can help with: GRANT ALL PRIVILEGES ON `{database}`.* TO the account"
NO_TABLES = "{database} lacks tables: make them by --user and --database, or --url, without a task"

# By the server's or client's error numbers. The driver's own text varies and tells no remedy.
OF_NUMBERS = {
    (1040,): "The server at {where} has too many connections: try again later, or raise max_connections",
    (1044,): "The account may not use or make the database {database}: " + GRANT,
    (1045,): "The server at {where} refused the user or the password: "
    "check both (quotes keep special characters whole)",
    (
        1047,
    ): "The server at {where} is cut off from its cluster, or has yet to join it: name another one, or see its log",
    (1049,): "There is no database {database}: add --create-database",
    (1102, 1300): "The server does not accept the database's name {database}: take letters, digits and underscores",
    (1130,): "The server does not let this machine in: an administrator can make an account for this machine's address",
    (1142, 1143): "The account may not make or change tables in {database}: " + GRANT,
    (1146,): NO_TABLES,
    (1227,): "The account lacks a right that this needs in {database}: " + GRANT,
    (1205,): "A table is held by another transaction: stop what uses the database for a moment, then run this again",
    (1213,): "Another transaction was in the way: run this again",
    (1251, 1524, 2059, 2061): "The driver cannot sign in the way this account asks: "
    "give the account a mysql_native_password",
    (1273,): "The server does not know the collation utf8mb4_nopad_bin: it is not MariaDB 10.2 or newer",
    (1290, 1792, 1836): "The server is read-only: name the primary server instead",
    (1698,): "The server lets this account in through its local socket only: use an account that has a password",
    (1709,): "A table of {database} has a row format too small for its index: "
    "give it ALTER TABLE ... ROW_FORMAT=DYNAMIC, and set innodb_default_row_format=dynamic",
    (2002, 2003): "No server answers at {where}: check that it is running, and --host and --port",
    (2005,): "The host {host} is unknown: check --host",
    (2006, 2013): "The server at {where} does not answer or closed the connection: "
    "check that it is running, and see its log",
    (2026,): "The encrypted connection to {where} failed: check the server's certificate and the ssl options of --url",
    (28, 1021, 1114): "The server's disk is full: make room, then run this again",
    (150, 1005, 1072, 1215): "A table of another program is in the way in {database}: take an empty database",
}
SERVER_HINTS = {number: hint for numbers, hint in OF_NUMBERS.items() for number in numbers}
LOST = 2013

# By how the names of SQLite's errors begin.
SQLITE_HINTS = {
    ("SQLITE_BUSY", "SQLITE_LOCKED"): "Another program is writing to {database}: run this again when it has ended",
    ("SQLITE_CANTOPEN", "SQLITE_PERM"): "The file {database} cannot be opened: check its folder and the rights on both",
    ("SQLITE_READONLY",): "The file {database} cannot be written: check the rights on it and on its folder",
    ("SQLITE_NOTADB",): "The file {database} is no SQLite database: name another file",
    ("SQLITE_CORRUPT",): "The file {database} is damaged: restore it from a backup",
    ("SQLITE_FULL",): "The disk is full: make room, then run this again",
    ("SQLITE_IOERR",): "The file {database} cannot be read or written: check the disk",
}


def explain(error: Exception, url: URL | None) -> str:
    """Say what happened and what to do, in one line."""
    if isinstance(error, OSError) and error.filename is not None:
        return one_line(f"{error.filename} cannot be used ({error.strerror}): check its path and the rights on it.")
    if url is None:  # no telling where in the text a password stands that is not known yet
        return f"Unexpected {type(error).__name__} before the database was known."
    if isinstance(error, NoHost):
        words = (f"{host}: {_explain_host(why, url.set(host=host))}" for host, why in error.reports.items())
        return one_line(f"None of the hosts can be used. {'; '.join(words)}.")
    hint = _hint(error, url)
    if hint is None:
        text = error.orig if isinstance(error, DBAPIError) else error
        return redact(f"Unexpected {type(error).__name__}: {text}", url)
    where = describe(url).partition(" as ")[0]
    return one_line(hint.format(where=where, host=url.host, database=url.database)) + "."


def _explain_host(why: Exception | str, url: URL) -> str:
    """Say what is wrong with one of several hosts: in words already, or as the driver's error."""
    if isinstance(why, str):
        return why
    return explain(DBAPIError(None, None, why), url).removesuffix(".")


def redact(text: str, url: URL) -> str:
    """Blank out the password in every form that a library may have given it."""
    secret = str(url.password or "")
    forms = {secret, quote(secret), quote(secret, safe=""), quote(secret, safe=" +"), quote_plus(secret)}
    forms |= {repr(secret)[1:-1], json.dumps(secret)[1:-1], re.escape(secret), secret.replace("'", "''")}
    for form in sorted(forms - {""}, key=len, reverse=True):
        text = text.replace(form, "***")
    return one_line(text)


def _hint(error: Exception, url: URL) -> str | None:
    if isinstance(error, NoSuchModuleError):
        return f"There is no driver {url.drivername}: the usual one is mariadb+mariadbconnector"
    if isinstance(error, ModuleNotFoundError):
        return f"The driver {url.drivername} is not installed: pip install {error.name}"
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    name: str | None = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return _file_hint(name, str(error.orig))
    number = _number(error.orig)
    if number in (2002, 2003) and url.host == "localhost":
        return "No server at localhost, which means the driver's own socket file: say 127.0.0.1 instead"
    return SERVER_HINTS.get(number)


def _file_hint(name: str, text: str) -> str | None:
    if text.startswith("no such table"):  # SQLite has no number for it
        return NO_TABLES
    return next((hint for starts, hint in SQLITE_HINTS.items() if name.startswith(starts)), None)


def _number(error: BaseException) -> int:
    """Read the error's number: an attribute of the MariaDB driver, the first argument of others."""
    if str(error).startswith("Execution failed: "):  # how its pure Python build tells of a lost connection
        return LOST
    number = getattr(error, "errno", None) or (error.args[0] if error.args else None)
    return number if isinstance(number, int) else 0
