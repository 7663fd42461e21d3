"""Whose a token is: what another service is told of it, once that has proved who it is (RFC 7662)."""

import hmac
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from app import errors
from app.auth import Claims
from app.clients.addresses import Client
from app.config import Settings
from app.crud import services
from app.crud.clock import is_void
from app.crud.services import Asked, Subject
from app.resources import Resources
from app.schemas import Introspection
from app.secrets.service_secrets import NAME, SCOPES, hash_secret
from app.services.sessions import decode, find_caller, find_end, find_proof, require_live

NOTED = timedelta(hours=1)  # how exactly the last use of a service is known
INACTIVE = Introspection(active=False)


class Credential(NamedTuple):
    """Who a service says it is, the secret that it shows, and from where."""

    name: str
    secret: str
    client: Client


async def introspect(resources: Resources, credential: Credential, token: str) -> Introspection:
    """Tell a service about an access token, by one query: a session that has ended counts as such at once.

    To ask is no use of the session: no service's background job keeps anybody signed in.
    """
    claims = _read(resources, token)
    asked = await _prove(resources, credential, claims)
    if asked is None:
        await resources.floods.hit("failed_service", credential.client.address)
        raise errors.InvalidClient
    await resources.floods.hit_service(asked.service.name)
    await _note_use(resources, asked)
    return _describe(resources.settings, asked, claims) if claims else INACTIVE


def _read(resources: Resources, token: str) -> Claims | None:
    try:
        return decode(resources, "access", token)
    except (errors.TokenInvalid, errors.TokenExpired):
        return None


async def _prove(resources: Resources, credential: Credential, claims: Claims | None) -> Asked | None:
    """Load the service and what it asks about, or None where it is not who it says."""
    if not NAME.fullmatch(credential.name):
        return None
    sid = claims["sid"] if claims else None
    asked = await resources.database.read(services.find_asked, credential.name, sid)
    if asked is None or not _is_right(asked, credential.secret):
        return None
    if claims and asked.holder is None:  # ended, or not here yet
        await resources.database.read(find_caller, claims)
    return asked


def _is_right(asked: Asked, secret: str) -> bool:
    given, accepted = hash_secret(secret), (asked.service.secret_hash, asked.service.find_former(asked.now))
    return any(hmac.compare_digest(given, one) for one in accepted if one)


async def _note_use(resources: Resources, asked: Asked) -> None:
    (name, last), now = (asked.service.name, asked.service.last_used_at), asked.now
    if last is None or now - last >= NOTED or is_void(last, now):
        # A database that cannot write just now can still be read.
        with suppress(errors.DatabaseUnavailable, errors.OutcomeUnknown):
            await resources.database.transaction(services.note_use, name, now, now - NOTED)


def _describe(settings: Settings, asked: Asked, claims: Claims) -> Introspection:
    try:
        holder = require_live(settings, asked.holder, claims)
    except errors.ApiError:
        return INACTIVE
    account, session = holder.account, holder.session
    return Introspection(
        active=True,
        sub=account.public_id,
        sid=session.sid,
        iat=int(claims["iat"]),
        exp=int(min(claims["exp"], find_end(settings, session).timestamp())),
        auth_time=int(find_proof(holder).timestamp()),
        amr=session.amr.split() if session.amr else None,
        **_tell(account, asked.service.scopes.split()),
    )


def _tell(account: Subject, scopes: list[str]) -> dict[str, str | bool | None]:
    """Return what the scopes open; an address that nobody confirmed may be a stranger's, so that is said too."""
    told = {scope: getattr(account, scope) for scope in SCOPES if scope in scopes}
    return told | ({"email_verified": account.email_verified_at is not None} if "email" in told else {})
