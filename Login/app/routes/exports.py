"""Downloading one's data."""

from fastapi import APIRouter

from app import errors
from app.deps import FreshUser, FromCaller, FromResources
from app.export_schemas import Export
from app.routes.sessions import NOT_FRESH
from app.services import exports
from app.web.downloads import Download
from app.web.problems import refusals

router = APIRouter(tags=["Account"])


@router.get(
    "/user/export",
    summary="Download your data",
    response_model=Export,
    responses=refusals(*NOT_FRESH, errors.TooManyAttempts, body=False),
)
async def export_data(user: FreshUser, resources: FromResources, client: FromCaller) -> Download:
    """Send a file with everything that is stored about the caller, made while it is sent; needs a fresh session.

    The owner is told by mail. A file that breaks off, because the session has ended or the database went away, is no
    complete answer and no JSON: take it for none.
    """
    made = await exports.export(resources, user, client)
    return Download(made.pieces, made.filename)
