"""What a browser has to hear once the account's passkeys, or the names in them, have changed."""

from flask import session

from FlaskProject.backend.answers import Passkeys
from FlaskProject.signed_in.identity import api

CHANGED = "passkeys_changed"


def note_change() -> None:
    """Let the next page that lists passkeys tell this browser, which may hold one that is good for nothing now."""
    session[CHANGED] = True


def changed_passkeys() -> Passkeys | None:
    """Return what is left of the passkeys, on the first page after a change."""
    return api().passkeys() if session.pop(CHANGED, False) else None
