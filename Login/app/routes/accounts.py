"""Registering, and the caller's own account."""

from typing import Annotated

from fastapi import APIRouter, Query

from app import errors
from app.deps import CurrentUser, FromAcceptLanguage, FromCaller, FromClient, FromResources, limit
from app.inclusion_schemas import FullAccount, Inclusions
from app.routes.sessions import SIGNED_IN, UNAUTHORIZED, UNPROVED
from app.schemas import Deletion, Message, Profile, Registered, Registration, Updated, UserUpdate
from app.services import accounts, emails, own_account
from app.web.problems import refusals

router = APIRouter(tags=["Account"])

WEAK_PASSWORD = (errors.PasswordTooShort, errors.PasswordTooCommon, errors.PasswordTooPersonal)
DELETION = refusals(*UNAUTHORIZED, *UNPROVED)
BAD_IDENTIFIER = (errors.EmailTaken, errors.UsernameTaken, errors.EmailDomainPrivate, errors.UsernameReserved)


@router.post(
    "/register",
    dependencies=[limit("register")],
    summary="Make an account",
    responses=refusals(*WEAK_PASSWORD, *BAD_IDENTIFIER, errors.Busy),
)
async def register(
    body: Registration, resources: FromResources, client: FromClient, language: FromAcceptLanguage
) -> Registered:
    """Make an account with a unique email and, if wanted, a unique username; mails are in the language asked for."""
    return Registered(user_id=await accounts.register(resources, body, client, language))


@router.get("/user/profile", summary="Show your profile", responses=SIGNED_IN)
async def show_profile(user: CurrentUser, resources: FromResources) -> Profile:
    """Show email, username, role and anti-phishing phrase."""
    return accounts.show_profile(resources.settings, user)


@router.get("/user/account", summary="Show your account", responses=refusals(*UNAUTHORIZED, body=False, query=True))
async def show_account(
    wanted: Annotated[Inclusions, Query()], user: CurrentUser, resources: FromResources
) -> FullAccount:
    """Show everything about the account and this session; with `include`, in one answer what else guards it."""
    return await own_account.show_account(resources, user, wanted)


@router.put(
    "/user/update",
    dependencies=[limit("proof")],
    summary="Change your account",
    response_model_exclude_none=True,
    responses=refusals(*UNAUTHORIZED, *WEAK_PASSWORD, *BAD_IDENTIFIER, errors.CurrentPasswordRequired, *UNPROVED),
)
async def update_account(body: UserUpdate, user: CurrentUser, resources: FromResources, client: FromCaller) -> Updated:
    """Make all the changes or none. A new password ends every session and answers with a new pair.

    A confirmed address that is left gets a link that undoes this for 72 hours. Where mail is delivered, the email
    changes only once the new mailbox has confirmed it. With a second factor on, a new email or password wants the code
    unless the session is fresh.
    """
    pair = await accounts.update(resources, user, body, client)
    message = "Your account has been updated." if body.changes else "Nothing to change."
    account, settings = user.account, resources.settings
    if emails.must_confirm(settings, account.email, body.new_email, has_factor=account.has_factor):
        message = "Open the link in the mail to your new address: until then your email address stays as it is."
    if pair is None:
        return Updated(message=message)
    return Updated(message=message, access_token=pair.access_token, refresh_token=pair.refresh_token)


@router.delete("/user/delete", dependencies=[limit("proof")], summary="Delete your account", responses=DELETION)
@router.post(
    "/user/delete",
    dependencies=[limit("proof")],
    operation_id="delete_account_by_post",
    summary="Delete your account (for clients that drop bodies of DELETE)",
    responses=DELETION,
)
async def delete_account(body: Deletion, user: CurrentUser, resources: FromResources, client: FromCaller) -> Message:
    """Delete the account and everything that belongs to it, at once and for good."""
    await accounts.delete(resources, user, body, client)
    return Message(message="Your account has been deleted.")
