"""`python -m app.mail`: run the mail worker alone, list the mails that were given up, try them again."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence

from app.config import ConfigurationError, Settings, load_settings
from app.crud import mails
from app.errors import ApiError
from app.mail.worker import make_worker
from app.resources import Resources, make_resources
from app.runtime.logs import set_up_logging


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit status."""
    options = _parse(arguments)
    try:
        settings = load_settings()
    except ConfigurationError as error:
        return _fail(str(error))
    if options.command == "run" and not settings.delivers_mail:
        return _fail("SMTP_HOST is not set, and production writes no mails to a folder.")
    try:
        return asyncio.run(_work(settings, options))
    except ApiError as error:
        return _fail(error.detail)
    except KeyboardInterrupt:
        return 130


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.mail", description="The mail queue.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="deliver mails until stopped; for an API with MAIL_WORKER=false")
    commands.add_parser("list-dead", help="list the mails that were given up: id, time, tries, kind")
    # One id in 64 begins with a dash, which makes it no flag.
    retry = commands.add_parser("retry", help="queue a mail that was given up again", prefix_chars="+", add_help=False)
    retry.add_argument("id", help="as list-dead shows it")
    commands.add_parser("retry-all", help="queue all of them again")
    return parser.parse_args(arguments)


async def _work(settings: Settings, options: argparse.Namespace) -> int:
    resources = make_resources(settings)
    try:
        if options.command == "run":
            return await _run(resources)
        if options.command == "list-dead":
            return await _list_dead(resources)
        return await _retry(resources, options.id if options.command == "retry" else None)
    finally:
        resources.close()


async def _run(resources: Resources) -> int:
    """Deliver until SIGINT or SIGTERM; the mail under way is finished."""
    set_up_logging()
    worker = make_worker(resources)
    task, stopped = asyncio.create_task(worker.run()), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop by itself
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        await worker.stop(task)
    return 0


async def _list_dead(resources: Resources) -> int:
    for mail in await resources.database.read(mails.list_dead):
        _say(f"{mail.message_id}  {mail.created_at:%Y-%m-%d %H:%M:%S} UTC  {mail.tries} tries  {mail.kind}")
    return 0


async def _retry(resources: Resources, message_id: str | None) -> int:
    count = await resources.database.transaction(mails.retry, message_id)
    if message_id is not None and not count:
        return _fail("No mail of this id was given up.")
    _say(f"{count} {'mail is' if count == 1 else 'mails are'} queued again.")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
