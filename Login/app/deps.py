"""Guarantees as types: an endpoint's signature says what has been checked before it runs."""

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias
from urllib.parse import unquote_plus

from fastapi import Depends, Header, Request
from fastapi.openapi.models import HTTPBase
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.params import Depends as DependsMarker
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from app.clients.addresses import Client
from app.crud.sessions import Principal
from app.errors import InvalidCredentials, PasskeyInvalid, TokenMissing, TotpInvalid
from app.languages.tags import Tag, negotiate
from app.resources import Resources
from app.services.introspection import Credential
from app.services.sessions import authenticate, require_fresh
from app.throttling.floods import Name


def read_bearer(request: Request) -> str:
    """Return the token of the Authorization header (RFC 6750, section 2.1), or nothing."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return token if scheme.lower() == "bearer" else ""


async def get_resources(request: Request) -> Resources:
    """Give an endpoint what the application was made with."""
    resources: Resources = request.app.state.resources
    return resources


async def get_client(request: Request) -> Client:
    """Give an endpoint who is at the other end, as the outermost middleware found out."""
    client: Client = request.state.client
    return client


FromResources: TypeAlias = Annotated[Resources, Depends(get_resources)]
FromClient: TypeAlias = Annotated[Client, Depends(get_client)]


async def get_language(
    accept_language: Annotated[
        str, Header(description="The language of mails, until the person chooses another.")
    ] = "",
) -> Tag | None:
    """Give an endpoint the language that a client asks for, if we have it."""
    return negotiate(accept_language)


FromAcceptLanguage: TypeAlias = Annotated[Tag | None, Depends(get_language)]


class AccessToken(SecurityBase):
    """Loads who calls by the access token in the Authorization header, the only place it may stand.

    It counts the call against its client's address first. One dependency that does both, with none below it: the
    seven that would do the same cost every call a seventh more (decision 11).
    """

    limit: ClassVar[Name] = "call"

    def __init__(self) -> None:
        """Describe itself, so that "Authorize" on the page of the API takes a pasted token."""
        self.model = HTTPBearerModel(bearerFormat="JWT", description="Paste an access token.")
        self.scheme_name = "HTTPBearer"

    async def __call__(self, request: Request) -> Principal:
        """Return account and session, or raise what is wrong with the token."""
        resources: Resources = request.app.state.resources
        client: Client = request.state.client
        await resources.floods.hit(self.limit, client.address)
        token = read_bearer(request)
        if not token:
            raise TokenMissing
        principal = await authenticate(resources, token, client)
        account, shown = principal.account, resources.settings.log_user
        request.state.user = {"email": account.email, "id": account.public_id, "none": None}[shown]
        return principal


@dataclass(frozen=True)
class Limited:
    """What `limit` makes a dependency of."""

    limit: Name

    async def __call__(self, request: Request) -> None:
        """Count this request against its client's address, or turn it away."""
        await request.app.state.resources.floods.hit(self.limit, request.state.client.address)


def limit(name: Name) -> DependsMarker:
    """Make a route's dependency that turns away a client address which floods this kind of request."""
    marker: DependsMarker = Depends(Limited(name))
    return marker


async def limit_failures(resources: FromResources, client: FromClient) -> AsyncIterator[None]:
    """Turn away a client address whose logins keep failing: it tries the passwords of many accounts."""
    async with resources.floods.trial("failed_login", client.address, InvalidCredentials, TotpInvalid, PasskeyInvalid):
        yield


class BasicCredential(SecurityBase):
    """Reads who a service says it is: HTTP Basic, both halves form-encoded (RFC 6749, section 2.3.1)."""

    def __init__(self) -> None:
        """Describe itself for the page of the API."""
        self.model = HTTPBase(scheme="basic", description="Name and secret of a service (`--create-service`).")
        self.scheme_name = "HTTPBasic"

    async def __call__(self, request: Request) -> Credential:
        """Return both halves, or nothing of what cannot be read; what they prove, the service decides."""
        scheme, encoded = get_authorization_scheme_param(request.headers.get("authorization"))
        try:
            decoded = b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
        except ValueError:
            decoded = ""
        name, _, secret = decoded.partition(":")
        return Credential(unquote_plus(name), unquote_plus(secret), request.state.client)


FromService: TypeAlias = Annotated[Credential, Depends(BasicCredential())]
CurrentUser: TypeAlias = Annotated[Principal, Depends(AccessToken())]


async def get_fresh_user(principal: CurrentUser) -> Principal:
    """Insist that the person has proved who they are within the last five minutes."""
    require_fresh(principal)
    return principal


async def get_caller(principal: CurrentUser, client: FromClient) -> Client:
    """Give an endpoint who is at the other end, and by which session."""
    return client.within(principal.session.sid, principal.session.amr)


FromCaller: TypeAlias = Annotated[Client, Depends(get_caller)]
FreshUser: TypeAlias = Annotated[Principal, Depends(get_fresh_user)]
