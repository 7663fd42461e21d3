"""What a browser has to hear once the account's passkeys, or the names in them, have changed."""

from flask import session

from FlaskProject.backend.answers import Passkeys
from FlaskProject.signed_in.belongings import own_passkeys

CHANGED = "passkeys_changed"


def note_change() -> None:
    """Let the next page that lists passkeys tell this browser, which may hold one that is good for nothing now."""
    session[CHANGED] = True


def is_changed() -> bool:
    """Tell whether this browser has still to hear of a change."""
    return CHANGED in session


def changed_passkeys() -> Passkeys | None:
    """Return what is left of the passkeys, on the first page after a change."""
    return own_passkeys() if session.pop(CHANGED, False) else None
