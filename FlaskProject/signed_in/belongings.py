"""What the account has beside itself: it came along with it, or is asked for by itself.

An API that is still to be upgraded does so, and a page that is shown again after its form was sent has not asked.
"""

from FlaskProject.backend.answers import Device, Included, Passkeys, TrustedDevice
from FlaskProject.signed_in.identity import api, current_account

NOTHING = Included()


def own_devices() -> list[Device]:
    """Return where the account is signed in."""
    came = _came_along().sessions
    return api().devices() if came is None else came


def own_passkeys() -> Passkeys:
    """Return the account's passkeys."""
    return _came_along().passkeys or api().passkeys()


def own_trusted_devices() -> list[TrustedDevice]:
    """Return where the password alone signs in."""
    came = _came_along().trusted_devices
    return api().trusted_devices() if came is None else came


def _came_along() -> Included:
    return current_account().included or NOTHING
