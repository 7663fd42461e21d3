"""The operator's command: makes the database, brings its tables up to date, and looks after both and their users.

    python CreateDB/main.py --user root --database pupero --create-database

What it does stands in `TASKS`; each task is a module of its own.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":  # Python puts only this folder on the path, where it would find our modules by wrong names
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

try:
    from sqlalchemy import URL

    from CreateDB.command.arguments import UPGRADE, Arguments, parse
    from CreateDB.command.errors import OperatorError
    from CreateDB.command.explain import explain
    from CreateDB.command.terminal import fail, prepare_process, say
    from CreateDB.command.urls import describe, target
    from CreateDB.doctor import report
    from CreateDB.server.app_user import ask_app_password, create_app_user
    from CreateDB.server.credentials import with_password
    from CreateDB.server.engine import create_database
    from CreateDB.services import credentials
    from CreateDB.tables.reencrypt import reencrypt
    from CreateDB.tables.revisions import check, is_absent_file
    from CreateDB.tables.sweep import sweep
    from CreateDB.tables.upgrade import upgrade
    from CreateDB.users import accounts, events, logins
except KeyboardInterrupt:
    sys.exit(130)  # while it loads there is nobody yet to say it nicely, and nothing to finish
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] in {"app", "CreateDB"}:
        sys.exit("Error: The folder CreateDB needs Login beside it, whose tables and settings it shares: copy both.")
    sys.exit(f"Error: {missing.name} is not installed. Run: pip install -r CreateDB/requirements.txt")

MAKE_OR_TELL = (UPGRADE, "check", "doctor")  # what has a word of its own for a file that is not there
INTERRUPTED = 130  # what a shell reports for Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its status: 0 done, 1 refused or failed, 130 interrupted."""
    arguments, url = parse(argv), None
    try:
        url = with_password(target(arguments), arguments)
        # Opening a file that is not there would leave an empty database under a mistyped name.
        if arguments.task not in MAKE_OR_TELL and is_absent_file(url):
            return fail(f"There is no file {url.database}: check its name. --url without a task makes a new one.")
        return TASKS[arguments.task](arguments, url)
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


def run_upgrade(arguments: Arguments, url: URL) -> int:
    """Make what is missing: the database and the API's account if asked for, the tables always."""
    password = ask_app_password(arguments, url) if arguments.create_app_user is not None else ""
    say(f"Connecting to {describe(url)} ...")
    if arguments.create_database:
        create_database(url, echo=arguments.echo)
        say(f"Database {url.database} is there.")
    revision = upgrade(url, echo=arguments.echo, say=say)
    say(f"Done: the tables in {url.database} are up to date (revision {revision}).")
    if arguments.create_app_user is not None:
        create_app_user(arguments, url, password)
    return 0


TASKS: Mapping[str, Callable[[Arguments, URL], int]] = {
    UPGRADE: run_upgrade,
    "check": check,
    "doctor": report.run,
    "sweep": sweep,
    "reencrypt": reencrypt,
    "list_users": accounts.list_users,
    "show_user": accounts.show_user,
    "disable_user": accounts.disable_user,
    "enable_user": accounts.enable_user,
    "end_sessions": accounts.end_sessions,
    "reset_second_factor": accounts.reset_second_factor,
    "set_role": accounts.set_role,
    "explain_login": logins.explain_login,
    "clear_throttle": logins.clear_throttle,
    "events": events.show_events,
    "create_service": credentials.create_service,
    "list_services": credentials.list_services,
    "rotate_service": credentials.rotate_service,
    "remove_service": credentials.remove_service,
}


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())
