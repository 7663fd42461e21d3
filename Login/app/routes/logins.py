"""Signing in."""

from fastapi import APIRouter, Depends

from app import errors
from app.deps import FromClient, FromResources, limit, limit_failures
from app.factor_schemas import Challenge, PasskeyLogin, PasskeyLoginStart
from app.routes.sessions import WRONG_CODE, WRONG_PASSKEY
from app.schemas import LoginRequest, TokenPair
from app.services import logins
from app.web.problems import refusals

router = APIRouter(tags=["Sessions"])


@router.post(
    "/login",
    response_model_exclude_none=True,
    dependencies=[limit("login"), Depends(limit_failures)],
    summary="Sign in",
    responses=refusals(
        errors.InvalidCredentials,
        errors.LoginCodeRequired,
        errors.LoginFactorRequired,
        *WRONG_CODE,
        errors.LoginTokenInvalid,
        errors.AccountDisabled,
        errors.EmailUnverified,
        errors.Busy,
    ),
)
async def log_in(body: LoginRequest, resources: FromResources, client: FromClient) -> TokenPair:
    """Give a pair of tokens for username or email, password, and a code when the account has a second factor.

    In two steps: without `totp` the answer `totp_required`, or `second_factor_required` where there are passkeys only,
    carries a `login_token`, good for five minutes and one sign-in; send it back with the code, or see `/login/passkey`.
    With `trust_device` the answer has a `device_token`: sent with the password, it stands in for the code from then on.
    """
    return await logins.log_in(resources, body, client)


@router.post(
    "/login/passkey/start",
    dependencies=[limit("challenge")],
    summary="Begin to sign in with a passkey",
    responses=refusals(errors.LoginTokenInvalid, errors.PasskeyUnknown),
)
async def start_passkey_login(body: PasskeyLoginStart, resources: FromResources) -> Challenge:
    """Give the options for `navigator.credentials.get()`, good once and for five minutes.

    Without `login_token` any passkey of the person's that is for this service answers, and must verify them: it is both
    factors. With the token it is the second factor, and one of the account's.
    """
    return await logins.challenge_passkey(resources, body)


@router.post(
    "/login/passkey",
    response_model_exclude_none=True,
    dependencies=[limit("login"), Depends(limit_failures)],
    summary="Sign in with a passkey",
    responses=refusals(*WRONG_PASSKEY, errors.LoginTokenInvalid, errors.AccountDisabled, errors.EmailUnverified),
)
async def log_in_with_passkey(body: PasskeyLogin, resources: FromResources, client: FromClient) -> TokenPair:
    """Give a pair of tokens for a passkey's answer; with the `login_token` that it began with, if it had one."""
    return await logins.log_in_by_passkey(resources, body, client)
