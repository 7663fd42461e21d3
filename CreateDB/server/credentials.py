"""Where the password comes from: the flag, else DB_PASSWORD, else a hidden prompt."""

import getpass
import os
import sys

from sqlalchemy import URL

from CreateDB.command.arguments import Arguments
from CreateDB.command.errors import OperatorError
from CreateDB.command.urls import require_text
from CreateDB.server.engine import SERVERS

WARNING = "Warning: a password on the command line can be read in the process list; prefer DB_PASSWORD or the prompt."


def with_password(url: URL, arguments: Arguments) -> URL:
    """Complete the URL with its password; one that was given as --url is never asked for one."""
    if url.get_backend_name() not in SERVERS or not arguments.says_where:
        return url
    if url.password or arguments.password:
        sys.stderr.write(WARNING + "\n")
    complete = url if url.password is not None else url.set(password=_find_password(url, arguments))
    require_text("The password", complete.password)
    return complete


def _find_password(url: URL, arguments: Arguments) -> str | None:
    """Climb down the ladder; an explicit '' is a password, an empty variable is none."""
    if arguments.password is not None:
        return arguments.password
    if from_environment := os.environ.get("DB_PASSWORD"):
        return from_environment
    if arguments.url is not None:
        return None
    nobody = (
        "No password, and no terminal to ask for it. Set DB_PASSWORD, or give --password '' for an account without."
    )
    return ask(f"Password of {url.username} at {url.host}: ", nobody=nobody, instead="DB_PASSWORD")[0]


def ask(*prompts: str, nobody: str, instead: str) -> list[str]:
    """Ask for passwords without showing them; `instead` says what else can carry them."""
    # Without a terminal getpass would read, and perhaps show, whatever stdin is: end at once instead.
    if sys.stdin is None or not sys.stdin.isatty():
        raise OperatorError(nobody)
    try:
        return [getpass.getpass(prompt) for prompt in prompts]
    except KeyboardInterrupt:
        sys.stderr.write("\n")  # the message that follows starts on a line of its own
        raise
    except EOFError:
        sys.stderr.write("\n")
        raise OperatorError(f"No password was entered. Run this again, or set {instead}.") from None
