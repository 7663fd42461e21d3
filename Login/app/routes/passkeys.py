"""The passkeys of the caller."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Path, status

from app import errors
from app.deps import CurrentUser, FreshUser, FromCaller, FromResources, limit
from app.factor_schemas import Challenge, Passkey, PasskeyAdded, PasskeyList, PasskeyRegistration, PasskeyRename
from app.routes.sessions import NOT_FRESH, SIGNED_IN, UNAUTHORIZED
from app.schemas import Message
from app.services import passkeys
from app.web.problems import refusals

router = APIRouter(prefix="/passkeys", tags=["Second factor"])

PasskeyId: TypeAlias = Annotated[str, Path(description="The `id` from `GET /passkeys`.")]


@router.get("", summary="List your passkeys", responses=SIGNED_IN)
async def list_passkeys(user: CurrentUser, resources: FromResources) -> PasskeyList:
    """List the passkeys of the caller, the oldest first."""
    return await passkeys.list_own(resources, user)


@router.post(
    "/registration",
    dependencies=[limit("challenge")],
    summary="Begin to add a passkey",
    responses=refusals(*NOT_FRESH, errors.EmailConfirmationRequired, errors.PasskeyLimit, body=False),
)
async def start_passkey_registration(user: FreshUser, resources: FromResources) -> Challenge:
    """Give the options for `navigator.credentials.create()`, good once and for five minutes; needs a fresh session."""
    return await passkeys.start(resources, user)


@router.post(
    "",
    dependencies=[limit("proof")],
    status_code=status.HTTP_201_CREATED,
    summary="Add a passkey",
    responses=refusals(
        *UNAUTHORIZED,
        errors.CeremonyInvalid,
        errors.PasskeyInvalid,
        errors.PasskeyAlreadyRegistered,
        errors.PasskeyLimit,
        errors.Busy,
    ),
)
async def add_passkey(
    body: PasskeyRegistration, user: CurrentUser, resources: FromResources, client: FromCaller
) -> PasskeyAdded:
    """Take the browser's new credential, from the session that began; the first second factor brings recovery codes."""
    return await passkeys.add(resources, user, body, client)


@router.put("/{passkey_id}", summary="Rename a passkey", responses=refusals(*NOT_FRESH, errors.PasskeyNotFound))
async def rename_passkey(
    passkey_id: PasskeyId, body: PasskeyRename, user: FreshUser, resources: FromResources, client: FromCaller
) -> Passkey:
    """Call a passkey something else; needs a fresh session."""
    return await passkeys.rename(resources, user, passkey_id, body.name, client)


@router.delete(
    "/{passkey_id}", summary="Remove a passkey", responses=refusals(*NOT_FRESH, errors.PasskeyNotFound, body=False)
)
async def remove_passkey(
    passkey_id: PasskeyId, user: FreshUser, resources: FromResources, client: FromCaller
) -> Message:
    """Remove a passkey; needs a fresh session. With the last second factor the recovery codes go."""
    was_last = await passkeys.remove(resources, user, passkey_id, client)
    gone = " It was your last second factor, so your recovery codes work no more." if was_last else ""
    return Message(message=f"The passkey is removed.{gone}")
