"""Guarantees as types: an endpoint's signature says what has been checked before it runs."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.clients import Client
from app.crud import Principal
from app.errors import TokenMissing
from app.resources import Resources
from app.services.sessions import authenticate, require_fresh

bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="Paste an access token.")


async def get_resources(request: Request) -> Resources:
    """Return what the application was made with."""
    resources: Resources = request.app.state.resources
    return resources


async def get_client(request: Request) -> Client:
    """Return who is at the other end, as the outermost middleware found out."""
    client: Client = request.state.client
    return client


FromResources: TypeAlias = Annotated[Resources, Depends(get_resources)]
FromClient: TypeAlias = Annotated[Client, Depends(get_client)]


async def get_current_user(
    request: Request,
    resources: FromResources,
    client: FromClient,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    """Load who calls by the access token in the Authorization header, the only place it may stand."""
    if credentials is None:
        raise TokenMissing
    principal = await authenticate(resources, credentials.credentials, client)
    account = principal.account
    request.state.user = {"email": account.email, "id": account.public_id, "none": None}[resources.settings.log_user]
    return principal


CurrentUser: TypeAlias = Annotated[Principal, Depends(get_current_user)]


async def get_fresh_user(principal: CurrentUser) -> Principal:
    """Insist that the person has proved who they are within the last five minutes."""
    require_fresh(principal)
    return principal


FreshUser: TypeAlias = Annotated[Principal, Depends(get_fresh_user)]
