"""Where the database is: a URL made from parts, never by pasting strings, and checked before anything runs."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL

from app.driver.url import check_options, check_parts, parse_database_url
from CreateDB.command.arguments import Arguments
from CreateDB.command.errors import OperatorError

Given = TypeVar("Given")
Judged = TypeVar("Judged")


def target(arguments: Arguments) -> URL:
    """Say where the tables shall be, without the password that is yet to come, or raise OperatorError."""
    url = _read(arguments)
    require_text("The user, host or database", f"{url.username}{url.host}{url.database}")
    if url.get_backend_name() == "sqlite":
        folder = Path(url.database or "").absolute().parent
        if not (url.database or "").startswith("file:") and not folder.is_dir():
            raise OperatorError(f"The folder {folder} does not exist. Make it first.")
    elif arguments.task != "doctor":  # which makes a finding of it
        _judge("The database's URL", check_options, url)
    return url


def describe(url: URL) -> str:
    """Name the target for a person, without the password."""
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {url.database}"
    where = f"{url.host}:{url.port}" if url.port else url.host or "the local socket"
    return f"{where} as {url.username or 'nobody in particular'}"


def is_absent_file(url: URL) -> bool:
    """Whether this is an SQLite file that does not exist yet."""
    name = url.database or ""
    return url.get_backend_name() == "sqlite" and not name.startswith("file:") and not Path(name).exists()


def require_text(what: str, value: str | None) -> None:
    """Refuse bytes that are not UTF-8: no driver can send them, and most fail with a trace."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise OperatorError(f"{what} holds bytes that are not UTF-8. Check the terminal's encoding.") from None


def _read(arguments: Arguments) -> URL:
    if not arguments.says_where:
        # Settings are slow to load, and flags do without.
        from CreateDB.command.api_settings import find_database_url  # noqa: PLC0415

        return _judge("DATABASE_URL", parse_database_url, find_database_url())
    return _from_parts(arguments) if arguments.url is None else _judge("--url", parse_database_url, arguments.url)


def _from_parts(arguments: Arguments) -> URL:
    if not re.fullmatch(r"\w+(\+\w+)?", arguments.driver, re.ASCII) or arguments.driver.startswith("sqlite"):
        raise OperatorError("--driver takes a name such as mariadb+mariadbconnector. SQLite needs --url instead.")
    if not arguments.user or not arguments.host:
        raise OperatorError("--user and --host cannot be empty.")
    url = URL.create(
        arguments.driver,
        username=arguments.user,
        host=arguments.host,
        port=arguments.port,
        database=arguments.database,
    )
    _judge("The URL of these flags", check_parts, url)
    return url


def _judge(name: str, judge: Callable[[Given], Judged], given: Given) -> Judged:
    """Judge as the API does, which never repeats what was given."""
    try:
        return judge(given)
    except ValueError as error:
        raise OperatorError(f"{name} {error}") from None
