"""The operator's command: makes the database and brings its tables up to date.

    python CreateDB/main.py --user root --database pupero --create-database

What it does stands in `run`; each step is a module of its own.
"""

import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # Python puts only this folder on the path, where it would find our modules by wrong names
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

try:
    from sqlalchemy import URL

    from CreateDB.arguments import Arguments, parse
    from CreateDB.credentials import with_password
    from CreateDB.errors import OperatorError
    from CreateDB.explain import explain, one_line
    from CreateDB.reencrypt import reencrypt
    from CreateDB.revisions import check
    from CreateDB.server import create_database
    from CreateDB.sweep import sweep
    from CreateDB.upgrade import upgrade
    from CreateDB.urls import describe, target
except ModuleNotFoundError as missing:
    sys.exit(f"Error: {missing.name} is not installed. Run: pip install -r CreateDB/requirements.txt")

INTERRUPTED = 130  # what a shell reports for Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its status: 0 done, 1 refused or failed, 130 interrupted."""
    arguments = parse(argv)
    try:
        url = with_password(target(arguments), arguments)
        return run_explained(arguments, url)
    except OperatorError as refusal:
        return fail(str(refusal))
    except KeyboardInterrupt:
        fail("Interrupted. Nothing is broken: run this again to finish.")
        return INTERRUPTED


def run_explained(arguments: Arguments, url: URL) -> int:
    """Run, and put every error into words: a trace would help nobody here and could show the password."""
    try:
        return run(arguments, url)
    except OperatorError:
        raise
    except Exception as error:  # noqa: BLE001 the outermost frame
        raise OperatorError(explain(error, url)) from None


def run(arguments: Arguments, url: URL) -> int:
    """Do what was asked, step by step."""
    if arguments.check:
        return run_check(arguments, url)
    say(f"Connecting to {describe(url)} ...")
    if arguments.sweep:
        sweep(url, echo=arguments.echo, say=say)
        return 0
    if arguments.reencrypt:
        return 0 if reencrypt(url, echo=arguments.echo, say=say) else 1
    if arguments.create_database:
        create_database(url, echo=arguments.echo)
        say(f"Database {url.database} is there.")
    revision = upgrade(url, echo=arguments.echo, say=say)
    say(f"Done: the tables in {url.database} are up to date (revision {revision}).")
    return 0


def run_check(arguments: Arguments, url: URL) -> int:
    """Answer --check."""
    current, verdict = check(url, echo=arguments.echo)
    say(verdict)
    return 0 if current else 1


def say(line: str) -> None:
    """Tell the operator of a step, at once."""
    try:
        print(one_line(line), flush=True)  # noqa: T201 a command line speaks here
    except BrokenPipeError:  # the listener has left (`| head`); a half-done migration is no reason to leave too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(line: str) -> int:
    """Tell the operator why it ended."""
    sys.stderr.write(f"Error: {one_line(line)}\n")
    return 1


def _prepare_process() -> None:
    """Let any name be printed on any terminal, and keep logging from printing traces of its own."""
    logging.raiseExceptions = False
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())
    logging.getLogger("sqlalchemy.pool").propagate = False


if __name__ == "__main__":
    _prepare_process()
    sys.exit(main())
