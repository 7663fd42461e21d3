"""Links from mails, looked at before they are used."""

from fastapi import APIRouter

from app import errors
from app.deps import FromResources, limit
from app.schemas import LinkInfo, LinkToken
from app.services import looking
from app.web.problems import refusals

router = APIRouter(prefix="/link", tags=["Account"])

BAD_LINK = refusals(errors.LinkInvalid)


@router.post("/look", dependencies=[limit("link")], summary="Look at a link", responses=BAD_LINK)
async def look_at_link(body: LinkToken, resources: FromResources) -> LinkInfo:
    """Say what a link is about, if it is still good; nothing changes, and it can be used afterwards."""
    return await looking.look(resources, body.token.get_secret_value())
