"""Refreshing, signing out, and the sessions of the caller."""

from typing import Annotated

from fastapi import APIRouter, Path

from app import errors
from app.deps import CurrentUser, FreshUser, FromCaller, FromClient, FromResources, limit
from app.schemas import Message, RefreshRequest, SessionInfo, Tokens
from app.services import sessions
from app.web.problems import refusals

router = APIRouter(tags=["Sessions"])

UNAUTHORIZED = (errors.TokenInvalid, errors.TokenExpired, errors.SessionEnded, errors.RefreshTokenReused)
SIGNED_IN = refusals(*UNAUTHORIZED, body=False)
NOT_FRESH = (*UNAUTHORIZED, errors.ReauthenticationRequired)
# What a code or a passkey can be refused for; and a password, with either where there is a second factor.
WRONG_CODE = (errors.TotpInvalid, errors.ClockOff, errors.TooManyAttempts, errors.SecretUnreadable)
WRONG_PASSKEY = (errors.CeremonyInvalid, errors.PasskeyInvalid, errors.PasskeyUnknown, errors.TooManyAttempts)
UNPROVED = (
    errors.CurrentPasswordInvalid,
    errors.TotpRequired,
    errors.SecondFactorRequired,
    *WRONG_CODE,
    *WRONG_PASSKEY,
    errors.Busy,
)


@router.post(
    "/refresh",
    dependencies=[limit("refresh")],
    summary="Trade a refresh token for a new pair",
    responses=refusals(*UNAUTHORIZED),
)
async def refresh(body: RefreshRequest, resources: FromResources, client: FromClient) -> Tokens:
    """Rotate the refresh token.

    The token just replaced is answered with the same successor for ten seconds, for parallel tabs, and for a minute
    while nobody has used the successor, for lost answers.
    An older one ends the session: somebody holds a copy.
    """
    pair = await sessions.refresh(resources, body.refresh_token.get_secret_value(), client)
    return Tokens(access_token=pair.access_token, refresh_token=pair.refresh_token)


@router.post("/logout", summary="Sign out", responses=SIGNED_IN)
async def log_out(user: CurrentUser, resources: FromResources, client: FromCaller) -> Message:
    """End this session: both its tokens are dead at once."""
    await sessions.log_out(resources, user, client)
    return Message(message="Signed out.")


@router.get("/user/sessions", summary="List your sessions", responses=SIGNED_IN)
async def list_sessions(user: CurrentUser, resources: FromResources) -> list[SessionInfo]:
    """List the live sessions of the caller, at most a hundred: this one, marked `current`, then the last seen."""
    return await sessions.list_sessions(resources, user)


@router.delete("/user/sessions", summary="End all your other sessions", responses=refusals(*NOT_FRESH, body=False))
async def end_other_sessions(user: FreshUser, resources: FromResources, client: FromCaller) -> Message:
    """Sign out everywhere but here; needs a fresh session."""
    count = await sessions.end_others(resources, user, client)
    return Message(message=f"{count} other {'session' if count == 1 else 'sessions'} ended.")


@router.delete(
    "/user/sessions/{session_id}",
    summary="End one of your sessions",
    responses=refusals(*NOT_FRESH, errors.SessionNotFound, body=False),
)
async def end_session(
    session_id: Annotated[str, Path(description="The `id` from `GET /user/sessions`.")],
    user: FreshUser,
    resources: FromResources,
    client: FromCaller,
) -> Message:
    """Sign out on one device; needs a fresh session."""
    await sessions.end_one(resources, user, session_id, client)
    return Message(message="The session has ended.")
