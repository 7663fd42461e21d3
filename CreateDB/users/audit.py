"""The trail of what operators do to accounts: one JSON line on stderr for each, in the style of the API's log."""

import getpass
import logging
import os
import sys
from contextlib import suppress

from app.runtime.logs import JsonFormatter, events, log_event


def log_change(event: str, user_id: str, **facts: object) -> None:
    """Record a change that is committed: what, to whom (by public id), by whom; the line itself says when.

    On stderr, because stdout is the answer to the operator: `2>> operators.log` collects the trail.
    """
    became = {"sudo_user": behind} if (behind := os.environ.get("SUDO_USER")) else {}
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    events.addHandler(handler)
    events.setLevel(logging.INFO)
    try:
        log_event(event, "success", user_id=user_id, operator=_os_user(), **became, **facts)
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
