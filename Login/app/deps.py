"""Guarantees as types: an endpoint's signature says what has been checked before it runs."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from fastapi.params import Depends as DependsMarker
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.clients import Client
from app.crud import Principal
from app.errors import InvalidCredentials, TokenMissing, TotpInvalid
from app.floods import Name
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


@dataclass(frozen=True)
class _Limited:
    """What `limit` makes a dependency of."""

    name: Name

    async def __call__(self, resources: FromResources, client: FromClient) -> None:
        await resources.floods.hit(self.name, client.address)


def limit(name: Name) -> DependsMarker:
    """Make a route's dependency that turns away a client address which floods this kind of request."""
    marker: DependsMarker = Depends(_Limited(name))
    return marker


def get_limit(dependencies: Iterable[DependsMarker]) -> Name | None:
    """Return the limit that a route has, for the test that each has one."""
    calls = (marker.dependency for marker in dependencies)
    return next((call.name for call in calls if isinstance(call, _Limited)), None)


async def limit_failures(resources: FromResources, client: FromClient) -> AsyncIterator[None]:
    """Turn away a client address whose logins keep failing: it tries the passwords of many accounts."""
    await resources.floods.require_room("failed_login", client.address)
    try:
        yield
    except (InvalidCredentials, TotpInvalid):
        await resources.floods.note("failed_login", client.address)
        raise


CurrentUser: TypeAlias = Annotated[Principal, Depends(get_current_user)]


async def get_fresh_user(principal: CurrentUser) -> Principal:
    """Insist that the person has proved who they are within the last five minutes."""
    require_fresh(principal)
    return principal


FreshUser: TypeAlias = Annotated[Principal, Depends(get_fresh_user)]
