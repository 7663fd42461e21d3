"""Confirming and changing email addresses, by the tokens of links in mails."""

from fastapi import APIRouter

from app import errors
from app.deps import CurrentUser, FromClient, FromResources, limit
from app.routes.disowning import A_WAY_IN
from app.routes.looking import BAD_LINK
from app.routes.sessions import UNAUTHORIZED
from app.schemas import LinkToken, Message
from app.services import emails
from app.web.problems import refusals

router = APIRouter(prefix="/email", tags=["Account"])


@router.post(
    "/verification",
    summary="Send the link that confirms your address",
    responses=refusals(*UNAUTHORIZED, errors.TooManyAttempts, body=False),
)
async def send_email_verification(user: CurrentUser, resources: FromResources) -> Message:
    """Mail another link to the account's address, at most five an hour."""
    if await emails.send_verification(resources, user):
        return Message(message="A mail with a link is on its way to you.")
    return Message(message="Your email address is confirmed already.")


@router.post("/verify", dependencies=[limit("link")], summary="Confirm an address", responses=BAD_LINK)
async def verify_email(body: LinkToken, resources: FromResources, client: FromClient) -> Message:
    """Take the address as confirmed; no need to sign in."""
    await emails.verify(resources, body.token.get_secret_value(), client)
    return Message(message="Your email address is confirmed.")


@router.post(
    "/change/confirm",
    dependencies=[limit("link")],
    summary="Switch to a new address",
    responses=refusals(errors.LinkInvalid, errors.EmailTaken),
)
async def confirm_email_change(body: LinkToken, resources: FromResources, client: FromClient) -> Message:
    """Make the change that was asked for at `PUT /user/update`, where changes wait for the new mailbox."""
    await emails.confirm_change(resources, body.token.get_secret_value(), client)
    return Message(message="Your email address has been changed.")


@router.post("/revert", dependencies=[limit("link")], summary="Undo a change of address", responses=BAD_LINK)
async def revert_email(body: LinkToken, resources: FromResources, client: FromClient) -> Message:
    """Restore the address that the mail went to, end every session, and mail it a way to a new password."""
    await emails.revert(resources, body.token.get_secret_value(), client)
    return Message(message=f"Your email address is restored. {A_WAY_IN}")
