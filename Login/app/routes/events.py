"""A person's own history."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app import errors
from app.deps import CurrentUser, FreshUser, FromCaller, FromResources
from app.event_schemas import EventList, EventQuery
from app.routes.disowning import A_WAY_IN
from app.routes.sessions import NOT_FRESH, UNAUTHORIZED
from app.schemas import Message
from app.services import disowning, history
from app.web.problems import refusals

router = APIRouter(prefix="/user/events", tags=["Account"])


@router.get(
    "",
    summary="List what happened to your account",
    responses=refusals(*UNAUTHORIZED, errors.EventNotFound, body=False, query=True),
)
async def list_events(query: Annotated[EventQuery, Query()], user: CurrentUser, resources: FromResources) -> EventList:
    """List what happened, the latest first; `next` of one page is `before` of the one that follows."""
    return await history.list_own(resources, user, query)


@router.post(
    "/{event_id}/disown",
    summary='Say "this wasn\'t me" of something in your history',
    responses=refusals(*NOT_FRESH, errors.EventNotFound, body=False),
)
async def disown_event(
    event_id: Annotated[str, Path(description="The `id` from `GET /user/events`.")],
    user: FreshUser,
    resources: FromResources,
    client: FromCaller,
) -> Message:
    """Take a change back, end every session, this one too, and mail a way to a new password; needs a fresh session."""
    await disowning.disown_event(resources, user, event_id, client)
    return Message(message=f"Every session has ended. {A_WAY_IN}")
