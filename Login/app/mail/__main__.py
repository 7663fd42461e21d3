"""`python -m app.mail`: run the workers alone, list the mails that were given up, try them again."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence

from app.config import Settings
from app.crud import mails
from app.mail.worker import make_worker
from app.outbox.command import add_commands, fail, look_after, run_command
from app.outbox.worker import Worker, running
from app.resources import Resources, make_resources
from app.runtime.logs import set_up_logging
from app.webhooks.worker import make_worker as make_webhook_worker


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit status."""
    options = _parse(arguments)
    if options.command == "run":
        return run_command(_run)
    return run_command(lambda settings: look_after(settings, mails.queue, options))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.mail", description="The mail queue.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="deliver mails and webhooks until stopped; for an API with MAIL_WORKER=false")
    add_commands(commands, mails.queue.word)
    return parser.parse_args(arguments)


async def _run(settings: Settings) -> int:
    """Deliver until SIGINT or SIGTERM; what is under way is finished."""
    if not settings.delivers_mail and settings.webhook_url is None:
        return fail("SMTP_HOST is not set, and production writes no mails to a folder.")
    set_up_logging()
    resources, stopped = make_resources(settings), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop by itself
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        async with running(*_make_workers(resources)):
            await stopped.wait()
    finally:
        resources.close()
    return 0


def _make_workers(resources: Resources) -> list[Worker]:
    workers: list[Worker] = [make_worker(resources)] if resources.settings.delivers_mail else []
    return workers + ([make_webhook_worker(resources)] if resources.settings.webhook_url else [])


if __name__ == "__main__":
    sys.exit(main())
