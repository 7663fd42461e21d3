"""Passwords forgotten."""

from fastapi import APIRouter

from app import errors
from app.deps import FromClient, FromResources, limit
from app.routes.accounts import WEAK_PASSWORD
from app.schemas import Message, PasswordReset, PasswordResetRequest
from app.services import passwords
from app.web.problems import refusals

router = APIRouter(prefix="/password", tags=["Account"])


@router.post("/reset", dependencies=[limit("reset")], summary="Ask for a way to a new password", responses=refusals())
async def request_password_reset(body: PasswordResetRequest, resources: FromResources, client: FromClient) -> Message:
    """Answer everybody alike, whether there is such an account or not."""
    await passwords.request_reset(resources, body, client)
    return Message(message="If an account uses this address, a message is on its way to it.")


@router.post(
    "/reset/confirm",
    dependencies=[limit("link")],
    summary="Choose a new password",
    responses=refusals(errors.LinkInvalid, *WEAK_PASSWORD, errors.Busy),
)
async def confirm_password_reset(body: PasswordReset, resources: FromResources, client: FromClient) -> Message:
    """Set a new password by the token of the mail's link, good for 30 minutes and once; then sign in as usual.

    Every session ends; a second factor stays.
    """
    await passwords.confirm_reset(resources, body, client)
    return Message(message="Your password has been changed. Sign in with the new one.")
