"""Passwords forgotten."""

from fastapi import APIRouter

from app import errors
from app.deps import FromResources, limit
from app.problems import refusals
from app.schemas import Message, PasswordResetRequest
from app.services import passwords

router = APIRouter(prefix="/password", tags=["Account"])


@router.post(
    "/reset",
    dependencies=[limit("reset")],
    summary="Ask for a way to a new password",
    responses=refusals(errors.TooManyAttempts),
)
async def request_reset(body: PasswordResetRequest, resources: FromResources) -> Message:
    """Answer everybody alike, whether there is such an account or not."""
    await passwords.request_reset(resources, body)
    return Message(message="If an account uses this address, a message is on its way to it.")
