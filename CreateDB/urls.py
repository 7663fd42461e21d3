"""Where the database is: a URL made from parts, never by pasting strings, and checked before anything runs."""

import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from CreateDB.api_settings import find_database_url
from CreateDB.arguments import Arguments
from CreateDB.engine import SERVERS
from CreateDB.errors import OperatorError

LONGEST_NAME = 64  # MariaDB's limit
# Quotes, separators and control characters have no business in a name, and every business in an injection.
UNSAFE_IN_NAME = re.compile(r"[`'\"/\\;\x00-\x1f\x7f-\x9f]|^\s|\s$")


def target(arguments: Arguments) -> URL:
    """Say where the tables shall be, without the password that is yet to come, or raise OperatorError."""
    url = _read(arguments)
    require_text("The user, host or database", f"{url.username}{url.host}{url.database}")
    if url.get_backend_name() == "sqlite":
        _require_folder(url)
    elif url.get_backend_name() in SERVERS:
        _require_server_parts(url)
    else:
        raise OperatorError(
            f"{url.drivername} is neither MariaDB nor SQLite. Take {SERVERS[0]}+..., or --url sqlite:///..."
        )
    return url


def describe(url: URL) -> str:
    """Name the target for a person, without the password."""
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {url.database}"
    where = f"{url.host}:{url.port}" if url.port else url.host or "the local socket"
    return f"{where} as {url.username or 'nobody in particular'}"


def require_text(what: str, value: str | None) -> None:
    """Refuse bytes that are not UTF-8: no driver can send them, and most fail with a trace."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise OperatorError(f"{what} holds bytes that are not UTF-8. Check the terminal's encoding.") from None


def _read(arguments: Arguments) -> URL:
    if not arguments.says_where:
        return _parse(find_database_url(), "DATABASE_URL")
    return _from_parts(arguments) if arguments.url is None else _parse(arguments.url, "--url")


def _from_parts(arguments: Arguments) -> URL:
    if not re.fullmatch(r"\w+(\+\w+)?", arguments.driver, re.ASCII) or arguments.driver.startswith("sqlite"):
        raise OperatorError("--driver takes a name such as mariadb+mariadbconnector. SQLite needs --url instead.")
    if not arguments.user or not arguments.host:
        raise OperatorError("--user and --host cannot be empty.")
    return URL.create(
        arguments.driver,
        username=arguments.user,
        host=arguments.host,
        port=arguments.port,
        database=arguments.database,
    )


def _parse(text: str, name: str) -> URL:
    """Never repeat what was given: when a password is not percent-encoded, its pieces turn up in any part."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or ""):
        raise OperatorError(
            f"{name} cannot be understood. It looks like mariadb+mariadbconnector://USER:PASSWORD@HOST:3306/DATABASE "
            "(special characters of the password percent-encoded) or sqlite:///FILE."
        )
    return url


def _require_server_parts(url: URL) -> None:
    name = url.database or ""
    if not name:
        raise OperatorError("--url and --database must name a database: ...HOST:3306/DATABASE.")
    if len(name) > LONGEST_NAME or UNSAFE_IN_NAME.search(name):
        raise OperatorError(
            f"The database's name is refused: at most {LONGEST_NAME} characters, "
            "without quotes, slashes, semicolons, control characters or blanks at its ends."
        )


def _require_folder(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise OperatorError("--url names no file: tables in memory would be gone at once. Take sqlite:///FILE.")
    folder = Path(url.database).absolute().parent
    if not url.database.startswith("file:") and not folder.is_dir():
        raise OperatorError(f"The folder {folder} does not exist. Make it first.")
