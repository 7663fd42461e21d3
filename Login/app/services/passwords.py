"""Passwords forgotten."""

from app.logs import log_event
from app.resources import Resources
from app.schemas import PasswordResetRequest


async def request_reset(_resources: Resources, _body: PasswordResetRequest) -> None:
    """Do the same for every address, so that the answer tells nobody whether an account exists."""
    log_event("password_reset_requested", "unknown")
