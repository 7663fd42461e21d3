"""Proving again who you are."""

from fastapi import APIRouter

from app import errors
from app.deps import CurrentUser, FromCaller, FromResources, limit
from app.factor_schemas import Challenge, PasskeyProof, PasskeyProofStart
from app.routes.sessions import UNAUTHORIZED, UNPROVED, WRONG_PASSKEY
from app.schemas import Reauthenticated, Reauthentication
from app.services import reauthentication
from app.web.problems import refusals

router = APIRouter(prefix="/reauthenticate", tags=["Sessions"])

FRESH = "Thank you. Your session is fresh for five minutes."


@router.post(
    "", dependencies=[limit("proof")], summary="Prove who you are again", responses=refusals(*UNAUTHORIZED, *UNPROVED)
)
async def reauthenticate(
    body: Reauthentication, user: CurrentUser, resources: FromResources, client: FromCaller
) -> Reauthenticated:
    """Go on in a session that is fresh for five minutes, as some endpoints need; the tokens used here are dead."""
    pair = await reauthentication.reauthenticate(resources, user, body, client)
    return Reauthenticated(message=FRESH, access_token=pair.access_token, refresh_token=pair.refresh_token)


@router.post(
    "/passkey/start",
    dependencies=[limit("challenge")],
    summary="Begin to prove it with a passkey",
    responses=refusals(*UNAUTHORIZED, errors.PasskeyNotSetUp),
)
async def start_passkey_proof(body: PasskeyProofStart, user: CurrentUser, resources: FromResources) -> Challenge:
    """Give a challenge for one of your passkeys, good once and for five minutes.

    With `with_password` its answer goes beside `current_password`, here and wherever a code would: then keys serve too
    that verify nobody.
    """
    return await reauthentication.challenge_passkey(resources, user, body)


@router.post(
    "/passkey",
    dependencies=[limit("proof")],
    summary="Prove who you are again with a passkey",
    responses=refusals(*UNAUTHORIZED, *WRONG_PASSKEY),
)
async def reauthenticate_with_passkey(
    body: PasskeyProof, user: CurrentUser, resources: FromResources, client: FromCaller
) -> Reauthenticated:
    """Do the same without the password: a passkey that has verified you is both factors at once."""
    pair = await reauthentication.reauthenticate_by_passkey(resources, user, body, client)
    return Reauthenticated(message=FRESH, access_token=pair.access_token, refresh_token=pair.refresh_token)
