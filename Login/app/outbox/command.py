"""What the commands of the queues have in common: list what was given up, try it again."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from app.config import ConfigurationError, Settings, load_settings
from app.crud.outbox import Outbox
from app.errors import ApiError
from app.resources import Resources, make_resources


def add_commands(commands: Any, word: str) -> None:  # noqa: ANN401 argparse has no public name for it
    """Add what every queue can be told; `word` is what one of its rows is."""
    commands.add_parser("list-dead", help=f"list the {word}s that were given up: id, time, tries, kind")
    # One id in 64 begins with a dash, which makes it no flag.
    retry = commands.add_parser(
        "retry", help=f"queue a {word} that was given up again", prefix_chars="+", add_help=False
    )
    retry.add_argument("id", help="as list-dead shows it")
    commands.add_parser("retry-all", help="queue all of them again")


def run_command(work: Callable[[Settings], Awaitable[int]]) -> int:
    """Do the work with the settings, and return the exit status."""
    try:
        return asyncio.run(_begin(work))
    except ConfigurationError as error:
        return fail(str(error))
    except ApiError as error:
        return fail(error.detail)
    except KeyboardInterrupt:
        return 130


async def _begin(work: Callable[[Settings], Awaitable[int]]) -> int:
    return await work(load_settings())


async def look_after(settings: Settings, queue: Outbox, options: argparse.Namespace) -> int:
    """List the dead rows of a queue, or queue them again."""
    resources = make_resources(settings)
    try:
        if options.command == "list-dead":
            return await _list_dead(resources, queue)
        return await _retry(resources, queue, options.id if options.command == "retry" else None)
    finally:
        resources.close()


async def _list_dead(resources: Resources, queue: Outbox) -> int:
    for row in await resources.database.read(queue.list_dead):
        _say(f"{row.message_id}  {row.created_at:%Y-%m-%d %H:%M:%S} UTC  {row.tries} tries  {row.kind}")
    return 0


async def _retry(resources: Resources, queue: Outbox, message_id: str | None) -> int:
    count = await resources.database.transaction(queue.retry, message_id)
    if message_id is not None and not count:
        return fail(f"No {queue.word} of this id was given up.")
    _say(f"{count} {queue.word} is queued again." if count == 1 else f"{count} {queue.word}s are queued again.")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def fail(reason: str) -> int:
    """Say why not, and return the exit status."""
    sys.stderr.write(f"{reason}\n")
    return 1
