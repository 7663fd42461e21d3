"""The second factor."""

from typing import Annotated

from fastapi import APIRouter, Query

from app import errors
from app.deps import CurrentUser, FromCaller, FromResources, limit
from app.factor_schemas import RecoveryCodeSet, SavedCodes, TotpConfirmation, TotpEnabled, TotpSetup, TotpStatus
from app.routes.sessions import NOT_FRESH, SIGNED_IN, UNAUTHORIZED, UNPROVED, WRONG_CODE
from app.schemas import AlongWithAccount, Message, Proof
from app.services import recovery_codes, totp
from app.services.own_account import show_account
from app.web.problems import refusals

router = APIRouter(prefix="/totp", tags=["Second factor"])

NOT_PROVED = (*NOT_FRESH, *UNPROVED)  # by a fresh session, or by a proof in the body


@router.get("/status", summary="Show the second factor", responses=SIGNED_IN)
async def show_totp_status(user: CurrentUser, resources: FromResources) -> TotpStatus:
    """Show whether two-factor authentication is on, and how many recovery codes are left."""
    return await totp.show_status(resources, user)


@router.post(
    "/enable/start",
    dependencies=[limit("proof")],
    summary="Begin to set up a second factor",
    responses=refusals(*NOT_PROVED, errors.TotpAlreadyEnabled, errors.EmailConfirmationRequired),
)
async def start_totp(
    wanted: Annotated[AlongWithAccount, Query()],
    user: CurrentUser,
    resources: FromResources,
    client: FromCaller,
    body: Proof | None = None,
) -> TotpSetup:
    """Give a secret and its QR code, good for ten minutes; asked again meanwhile, the same ones.

    Needs a fresh session, or `current_password` in the body.
    """
    setup = await totp.start(resources, user, body, client)
    setup.account = await show_account(resources, user) if wanted.include else None
    return setup


@router.post(
    "/enable/confirm",
    dependencies=[limit("proof")],
    summary="Switch the second factor on",
    responses=refusals(*UNAUTHORIZED, *WRONG_CODE, errors.TotpEnrolmentInvalid, errors.TotpAlreadyEnabled, errors.Busy),
)
async def confirm_totp(
    body: TotpConfirmation, user: CurrentUser, resources: FromResources, client: FromCaller
) -> TotpEnabled:
    """Take the secret that `start` gave to this session and a code of it; answer with ten recovery codes, once.

    With none where there is a passkey: the codes that came with it go on.
    """
    shown = await totp.confirm(resources, user, body, client)
    message = "Two-factor authentication is on." + (" Keep the recovery codes." if shown.recovery_codes else "")
    return TotpEnabled(message=message, **shown.model_dump())


@router.post(
    "/recovery-codes",
    dependencies=[limit("proof")],
    summary="Make new recovery codes",
    responses=refusals(*NOT_PROVED, errors.TotpNotEnabled),
)
async def make_recovery_codes(
    user: CurrentUser, resources: FromResources, client: FromCaller, body: Proof | None = None
) -> RecoveryCodeSet:
    """Replace the recovery codes by ten new ones, shown once; needs a fresh session, or a proof in the body."""
    return await recovery_codes.make_recovery_codes(resources, user, body, client)


@router.post(
    "/recovery-codes/saved", summary="Say that the recovery codes are saved", responses=refusals(*UNAUTHORIZED)
)
async def note_saved_codes(body: SavedCodes, user: CurrentUser, resources: FromResources) -> TotpStatus:
    """Note that the owner has the codes of a set, which until then are told to be missed; may be repeated.

    Of a set that was replaced meanwhile this changes nothing: `recovery_codes_saved` then stays false.
    """
    await recovery_codes.note_saved(resources, user, body.code_set)
    return await totp.show_status(resources, user)


@router.post(
    "/disable",
    dependencies=[limit("proof")],
    summary="Switch the second factor off",
    responses=refusals(*NOT_PROVED, errors.TotpNotEnabled),
)
async def disable_totp(
    user: CurrentUser, resources: FromResources, client: FromCaller, body: Proof | None = None
) -> Message:
    """Switch two-factor authentication off; needs a fresh session, or a proof in the body."""
    await totp.disable(resources, user, body, client)
    if user.account.passkey_count:
        return Message(message="The authenticator app is off; your passkeys and recovery codes go on.")
    return Message(message="Two-factor authentication is off.")
