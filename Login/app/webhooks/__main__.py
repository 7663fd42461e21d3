"""`python -m app.webhooks`: list the webhooks that were given up, try them again."""

import argparse
import sys
from collections.abc import Sequence

from app.crud import webhooks
from app.outbox.command import add_commands, look_after, run_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m app.webhooks",
        description="The webhooks. The API delivers them, or `python -m app.mail run` where MAIL_WORKER=false.",
    )
    add_commands(parser.add_subparsers(dest="command", required=True), webhooks.queue.word)
    options = parser.parse_args(arguments)
    return run_command(lambda settings: look_after(settings, webhooks.queue, options))


if __name__ == "__main__":
    sys.exit(main())
