"""The trusted devices of the caller."""

from typing import Annotated

from fastapi import APIRouter, Path

from app import errors
from app.deps import CurrentUser, FreshUser, FromCaller, FromResources
from app.factor_schemas import TrustedDevice
from app.routes.sessions import NOT_FRESH, SIGNED_IN
from app.schemas import Message
from app.services import trusted_devices
from app.web.problems import refusals

router = APIRouter(prefix="/user/trusted-devices", tags=["Second factor"])


@router.get("", summary="List your trusted devices", responses=SIGNED_IN)
async def list_trusted_devices(user: CurrentUser, resources: FromResources) -> list[TrustedDevice]:
    """List the devices on which the caller's password alone signs in, the newest first."""
    return await trusted_devices.list_own(resources, user)


@router.delete(
    "/{device_id}",
    summary="Trust a device no more",
    responses=refusals(*NOT_FRESH, errors.TrustedDeviceNotFound, body=False),
)
async def remove_trusted_device(
    device_id: Annotated[str, Path(description="The `id` from `GET /user/trusted-devices`.")],
    user: FreshUser,
    resources: FromResources,
    client: FromCaller,
) -> Message:
    """Ask for the second factor there again; needs a fresh session. Whoever is signed in there stays."""
    await trusted_devices.remove(resources, user, device_id, client)
    return Message(message="The device is trusted no more.")
