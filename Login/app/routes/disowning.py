"""The words "this was not me", from the link of a notice."""

from fastapi import APIRouter

from app.deps import FromClient, FromResources, limit
from app.routes.looking import BAD_LINK
from app.schemas import LinkToken, Message
from app.services import disowning

A_WAY_IN = "A link for a new password is on its way by mail, unless five were sent this hour."

router = APIRouter(tags=["Account"])


@router.post("/account/disown", dependencies=[limit("link")], summary='Say "this wasn\'t me"', responses=BAD_LINK)
async def disown(body: LinkToken, resources: FromResources, client: FromClient) -> Message:
    """Take back what a notice told, end every session and mail a way to a new password; no need to sign in.

    By the token of the notice's link, or of the mail that asks to confirm the address of a new account.
    """
    await disowning.disown(resources, body.token.get_secret_value(), client)
    return Message(message=f"Every session has ended. {A_WAY_IN}")
