"""POST /login."""

from fastapi import APIRouter, Depends

from app import errors
from app.deps import FromClient, FromResources, limit, limit_failures
from app.routes.sessions import WRONG_CODE
from app.schemas import LoginRequest, TokenPair
from app.services import logins
from app.web.problems import refusals

router = APIRouter(tags=["Sessions"])


@router.post(
    "/login",
    dependencies=[limit("login"), Depends(limit_failures)],
    summary="Sign in",
    responses=refusals(
        errors.InvalidCredentials,
        errors.LoginCodeRequired,
        *WRONG_CODE,
        errors.LoginTokenInvalid,
        errors.AccountDisabled,
        errors.EmailUnverified,
        errors.Busy,
    ),
)
async def log_in(body: LoginRequest, resources: FromResources, client: FromClient) -> TokenPair:
    """Give a pair of tokens for username or email, password, and a code when the account has a second factor.

    In two steps: without `totp` the answer `totp_required` carries a `login_token`, good for five minutes and one
    sign-in; send it back with the code.
    """
    pair = await logins.log_in(resources, body, client)
    return TokenPair(access_token=pair.access_token, refresh_token=pair.refresh_token)
