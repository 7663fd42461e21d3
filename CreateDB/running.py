"""A run of one task: where its database is, what it is given, and words for whatever ends it."""

from collections.abc import Callable

from sqlalchemy import URL

from CreateDB.command.arguments import UPGRADE, Arguments
from CreateDB.command.errors import OperatorError
from CreateDB.command.explain import explain
from CreateDB.command.loading import INTERRUPTED
from CreateDB.command.terminal import fail
from CreateDB.command.urls import is_absent_file, target
from CreateDB.server.credentials import with_password

MAKE_OR_TELL = (UPGRADE, "check", "doctor")  # what has a word of its own for a file that is not there


def run(task: Callable[[Arguments, URL], int], arguments: Arguments) -> int:
    """Run a task and give its status."""
    url = None
    try:
        url = with_password(target(arguments), arguments)
        # Opening a file that is not there would leave an empty database under a mistyped name.
        if arguments.task not in MAKE_OR_TELL and is_absent_file(url):
            return fail(f"There is no file {url.database}: check its name. --url without a task makes a new one.")
        return task(arguments, url)
    except OperatorError as refusal:
        return fail(str(refusal))
    except KeyboardInterrupt:
        return _say_interrupted()
    except Exception as error:  # noqa: BLE001 a trace would help nobody here and could show the password
        return _say_interrupted() if _was_interrupted(error) else fail(explain(error, url))


def _say_interrupted() -> int:
    fail("Interrupted. Nothing is broken: run this again to finish.")
    return INTERRUPTED


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C came first: it leaves connections half-way, and to put one of them away may fail as well."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
