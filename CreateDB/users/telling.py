"""Who hears of what an operator does to an account: its owner by mail, and a log in the style of the API's."""

import getpass
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import Connection

from app.authority.changes import CHANGES
from app.crud import accounts
from app.runtime.logs import JsonFormatter, events, log_event
from app.services.trail import record
from app.services.webhooks import queue_webhooks
from CreateDB.command.api_settings import load_for, make_keys
from CreateDB.command.errors import OperatorError

OPERATOR_MAX = 64  # characters that the trail keeps of a name


def record_change(connection: Connection, row: str, subject: str, facts: Mapping[str, object]) -> bytes | None:
    """Write a change into the trail of an account or of the services, in this same transaction, with who did it."""
    return record(connection, None, row, subject, None, facts=facts, operator=_os_user()[:OPERATOR_MAX])


def tell_owner(
    connection: Connection, row: str, event_id: bytes | None, user_id: int, facts: Mapping[str, object]
) -> str | None:
    """Queue the mail of a row of the table of authority in this same transaction, or say why there is none."""
    try:
        from app.resources import make_resources  # noqa: PLC0415 CreateDB's own requirements do without it
        from app.services.consequences import tell  # noqa: PLC0415 likewise
        from app.services.links import Told  # noqa: PLC0415 likewise

        settings = load_for(connection.engine.url)
    except ModuleNotFoundError as missing:
        return f"{missing.name} is not installed here"
    except OperatorError as error:
        return str(error).rstrip(".")
    if not settings.delivers_mail:
        return "SMTP_HOST is not set"
    if person := accounts.get_addressee(connection, user_id):
        tell(connection, make_resources(settings), Told(row, event_id), person, None, facts=facts)
    return None


def tell_receiver(connection: Connection, row: str, public_id: str, facts: Mapping[str, object]) -> str | None:
    """Queue the webhooks of a row of the table of authority in this same transaction, or say why it cannot be known."""
    if not CHANGES[row].webhooks:
        return None
    try:
        settings = load_for(connection.engine.url)
    except OperatorError as error:
        return str(error).rstrip(".")
    queue_webhooks(connection, settings, make_keys(settings), row, public_id, facts)
    return None


def log_change(event: str, **facts: object) -> None:
    """Record a change that is committed: what, to whom (`user_id` or `service`), by whom; the line itself says when.

    On stderr, because stdout is the answer to the operator: `2>> operators.log` collects the trail.
    """
    became = {"sudo_user": behind} if (behind := os.environ.get("SUDO_USER")) else {}
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    events.addHandler(handler)
    events.setLevel(logging.INFO)
    try:
        log_event(event, "success", **facts, operator=_os_user(), **became)
    finally:
        events.removeHandler(handler)


def _os_user() -> str:
    """Name the account of this machine: ask the system rather than the environment, which anybody may set."""
    try:
        import pwd  # noqa: PLC0415 not on Windows

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # a container's number without a name has none in its environment either
        with suppress(ImportError, KeyError, OSError):
            return getpass.getuser()
    return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
