"""Sessions after sign-in: who is calling, refreshing, whether they are fresh, and ending them here or elsewhere."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection

from app import auth, errors
from app.auth import Claims, Line, Pair, Purpose
from app.authority.changes import CHANGES
from app.clients.addresses import Client
from app.clients.devices import describe_device
from app.config import Settings
from app.crud import sessions, trusted_devices
from app.crud.accounts import has_account
from app.crud.clock import is_void
from app.crud.operations import current_time
from app.crud.services import Holder, Standing
from app.crud.sessions import Principal, SessionRow
from app.models import Session
from app.resources import Resources
from app.runtime.logs import log_event
from app.schemas import SessionInfo
from app.services.consequences import announce, conclude_for
from app.services.lifetimes import outlives
from app.services.trail import record

AnySession: TypeAlias = Session | SessionRow
AnyPrincipal = TypeVar("AnyPrincipal", Principal, Holder)

FRESH = timedelta(minutes=5)
GRACE = timedelta(seconds=10)  # for tabs that refresh at once
UNANSWERED = timedelta(minutes=1)  # for a lost answer: as long as nobody has used the successor
TOUCH = timedelta(minutes=5)
LATE = timedelta(minutes=5)  # what lacks more than that is no server that is behind, but one restored from a backup

LOGGED_OUT, REUSED = CHANGES["session.ended"].reason, CHANGES["session.reused"].reason
REVOKED, REVOKED_ELSEWHERE = CHANGES["session.revoked"].reason, CHANGES["sessions.revoked"].reason


async def authenticate(resources: Resources, token: str, client: Client) -> Principal:
    """Say who calls with this access token, by one query; an ended session is refused at once."""
    claims = decode(resources, "access", token)
    found = await resources.database.read(find_caller, claims)
    principal = require_live(resources.settings, found, claims)
    if _is_news(resources.settings, principal) or _is_first_use(principal.session, claims):
        # One that cannot write just now can still be read.
        with suppress(errors.DatabaseUnavailable, errors.OutcomeUnknown):
            await resources.database.transaction(_touch, principal, client)
    return principal


def find_caller(connection: Connection, claims: Claims) -> Principal | None:
    """Load who holds a token of ours; DatabaseUnavailable where this database is behind the one that signed them in.

    Nothing takes a session away before its tokens end but the deletion of its account. So where the account is there, a
    young token's session is yet to come: this is a server that lags, and "ended" would sign people out.
    """
    principal = sessions.get_principal(connection, claims["sid"])
    if principal is None and has_account(connection, claims["sub"]):
        _refuse_the_future(claims, current_time(connection))
    return principal


def _refuse_the_future(claims: Claims, now: datetime) -> None:
    """Raise DatabaseUnavailable for a token that the database has not heard of, and that is no older than a lag."""
    issued_at = auth.utc(claims["iat"])
    if now - issued_at < LATE and not is_void(issued_at, now):
        raise errors.DatabaseUnavailable(retry_after=1)


def _is_news(settings: Settings, principal: Principal) -> bool:
    """Whether to note that the session is in use: now and then, and when a clock that was ahead has noted it."""
    session, now = principal.session, principal.now
    pace = min(TOUCH, settings.idle_limit(remember=session.remember) / 4)
    return now - session.last_seen_at >= pace or is_void(session.last_seen_at, now)


def _touch(connection: Connection, principal: Principal, client: Client) -> None:
    """Note that a session is in use, and put right what a clock that was ahead has written into it.

    Begun in the future, it lives from now for as long as it was to; a proof from there proves nothing.
    """
    session, now = principal.session, principal.now
    moments = {"last_seen_at": now}
    if is_void(session.created_at, now):
        moments |= {"created_at": now, "expires_at": now + (session.expires_at - session.created_at)}
    if is_void(session.authenticated_at, now):
        moments["authenticated_at"] = find_proof(principal)
    sessions.touch_session(connection, session.id, moments, _describe(client))


async def refresh(resources: Resources, token: str, client: Client) -> Pair:
    """Trade a refresh token for the pair of the next generation; a replayed one ends its session."""
    claims = decode(resources, "refresh", token)
    try:
        moved = await resources.database.autocommit(_rotate, resources.settings, claims, client)
    except errors.RefreshTokenReused:
        await resources.database.transaction(_end_reused, resources, claims, client)
        log_event("refresh_token_reused", "failure", user_id=claims["sub"])
        raise
    return issue_pair(resources, claims["sub"], moved.session, moved.now)


def _rotate(connection: Connection, settings: Settings, claims: Claims, client: Client) -> Principal:
    """Move the session to its next generation; rivals and retries are handed what the first one made.

    One conditional UPDATE decides, so it needs no transaction; run again after a lost connection, it finds a retry.
    """
    principal = require_live(settings, find_caller(connection, claims), claims)
    if principal.session.generation == claims["gen"]:
        if is_void(principal.session.last_seen_at, principal.now):
            _touch(connection, principal, client)
            principal = require_live(settings, sessions.get_principal(connection, claims["sid"]), claims)
        if sessions.rotate_session(connection, claims["sid"], claims["gen"], principal.now, _describe(client)):
            session, now = principal.session, principal.now
            moved = session._replace(generation=session.generation + 1, rotated_at=now, last_seen_at=now)
            return principal._replace(session=moved)
        principal = require_live(settings, sessions.get_principal(connection, claims["sid"]), claims)
        if principal.session.generation == claims["gen"]:  # no rival was first: the database was too slow
            raise errors.DatabaseUnavailable(retry_after=1)
    if not _is_retry(principal, claims):
        raise errors.RefreshTokenReused
    return principal


def _end_reused(connection: Connection, resources: Resources, claims: Claims, client: Client) -> None:
    """End a session whose refresh token somebody holds a copy of, and tell its owner, once."""
    principal = sessions.get_principal(connection, claims["sid"])
    if principal and sessions.end_session(connection, claims["sid"], REUSED, principal.now):
        conclude_for(
            connection, resources, "session.reused", principal.account.id, client, {"session_id": claims["sid"]}
        )


def _is_retry(principal: Principal, claims: Claims) -> bool:
    """Whether this is the token just replaced, or any of the line that is itself that young."""
    session, now = principal.session, principal.now
    grace = UNANSWERED if _is_unused(session) else GRACE
    just_replaced = claims["gen"] == session.generation - 1 and now - session.rotated_at < grace
    issued_at = auth.utc(claims["iat"])  # behind the last rotation only if the clock was ahead
    is_young = now - issued_at < GRACE and issued_at <= session.rotated_at
    return (just_replaced or is_young) and not is_void(session.rotated_at, now)


def _is_unused(session: SessionRow) -> bool:
    """Whether nobody has called with what the last rotation handed out: it set both times to the same moment."""
    return session.last_seen_at == session.rotated_at


def _is_first_use(session: SessionRow, claims: Claims) -> bool:
    """Whether this call tells that the last rotation's answer arrived; a token from before says nothing of it."""
    return session.generation > 0 and _is_unused(session) and claims["iat"] >= int(session.rotated_at.timestamp())


def require_live(settings: Settings, principal: AnyPrincipal | None, claims: Claims) -> AnyPrincipal:
    """Raise why a token of ours no longer serves: ended, too old, too long unused, or its account disabled or gone."""
    if principal is None or principal.account.public_id != claims["sub"]:
        raise errors.SessionEnded
    session, now = principal.session, principal.now
    if session.end_reason == REUSED:
        raise errors.RefreshTokenReused
    if session.ended_at or principal.account.disabled_at:
        raise errors.SessionEnded
    # A generation of the future: this server is behind, or was restored from a backup. That is no theft.
    unknown = claims.get("gen", 0) > session.generation
    if unknown and claims["jti"] == f"{session.sid}.{claims['gen']}":  # as `make_pair` writes it
        _refuse_the_future(claims, now)
    if unknown or now >= find_end(settings, session):
        raise errors.SessionEnded
    return principal


def find_end(settings: Settings, session: SessionRow | Standing) -> datetime:
    """Return when a session is over unless it is used before."""
    return min(session.expires_at, session.last_seen_at + settings.idle_limit(remember=session.remember))


def require_still_live(connection: Connection, settings: Settings, principal: Principal) -> None:
    """Refuse to go on for a caller whose session has ended since the call began."""
    found = sessions.get_principal(connection, principal.session.sid)
    require_live(settings, found, {"sub": principal.account.public_id})


def issue_pair(resources: Resources, public_id: str, session: AnySession, now: datetime) -> Pair:
    """Make the tokens of a session; neither outlives it."""
    settings = resources.settings
    until = min(session.expires_at, session.rotated_at + settings.refresh_lifetime(remember=session.remember))
    line = Line(public_id, session.sid, session.generation, session.rotated_at, until, session.remember, session.amr)
    lifetime = min(settings.jwt_access_token_expire_minutes, session.expires_at - now)
    return auth.make_pair(line, now, lifetime, resources.keys.tokens)


def is_fresh(principal: Principal) -> bool:
    """Whether the person proved who they are within the last five minutes."""
    return principal.now - find_proof(principal) < FRESH


def find_proof(principal: Principal | Holder) -> datetime:
    """Return when the person last proved who they are; a time from a wrong clock proves nothing, and is put back."""
    proved_at, now = principal.session.authenticated_at, principal.now
    return now - FRESH if is_void(proved_at, now) else proved_at


def require_fresh(principal: Principal) -> None:
    """Refuse a session that is not fresh."""
    if not is_fresh(principal):
        raise errors.ReauthenticationRequired


async def log_out(resources: Resources, principal: Principal, client: Client) -> None:
    """End the caller's session."""
    await resources.database.transaction(_log_out, resources, principal, client)
    log_event("logged_out", "success", user_id=principal.account.public_id)


def _log_out(connection: Connection, resources: Resources, principal: Principal, client: Client) -> None:
    if sessions.end_session(connection, principal.session.sid, LOGGED_OUT, principal.now):
        subject, known = principal.account.public_id, {"session_id": principal.session.sid}
        record(connection, resources.settings, "session.ended", subject, client, now=principal.now)
        announce(connection, resources, "session.ended", subject, known)


async def list_sessions(resources: Resources, principal: Principal) -> list[SessionInfo]:
    """List the caller's live sessions: this one, then the last seen."""
    return await resources.database.read(find_sessions, resources.settings, principal)


def find_sessions(connection: Connection, settings: Settings, principal: Principal) -> list[SessionInfo]:
    """Look the caller's live sessions up."""
    own = principal.session
    idle, remembered = (principal.now - settings.idle_limit(remember=flag) for flag in (False, True))
    rows = sessions.list_sessions(connection, principal.account.id, idle, remembered, own.id)
    return [describe_session(row, current=row.sid == own.sid) for row in rows]


async def end_one(resources: Resources, principal: Principal, sid: str, client: Client) -> None:
    """End one of the caller's own sessions."""
    await resources.database.transaction(_end_one, resources, principal, sid, client)
    log_event("session_revoked", "success", user_id=principal.account.public_id)


def _end_one(connection: Connection, resources: Resources, principal: Principal, sid: str, client: Client) -> None:
    if not sessions.end_own_session(connection, principal.account.id, sid, REVOKED, principal.now):
        raise errors.SessionNotFound
    subject, facts = principal.account.public_id, {"ended_session": sid}
    record(connection, resources.settings, "session.revoked", subject, client, now=principal.now, facts=facts)
    announce(connection, resources, "session.revoked", subject, {"session_id": sid})


async def end_others(resources: Resources, principal: Principal, client: Client) -> int:
    """End all sessions of the caller but this one, and return how many."""
    count = await resources.database.transaction(_end_others, resources, principal, client)
    log_event("sessions_revoked", "success", user_id=principal.account.public_id, count=count)
    return count


def _end_others(connection: Connection, resources: Resources, principal: Principal, client: Client) -> int:
    account, own, now = principal.account, principal.session.id, principal.now
    count = sessions.end_sessions(connection, account.id, REVOKED_ELSEWHERE, now, keep=own)
    trusted_devices.forget_devices(connection, account.id)  # this one's too: no session says on which device it is
    if count:
        facts = {"sessions_ended": count}
        record(connection, resources.settings, "sessions.revoked", account.public_id, client, now=now, facts=facts)
        announce(
            connection, resources, "sessions.revoked", account.public_id, {"kept_session_id": principal.session.sid}
        )
    return count


def describe_session(session: SessionRow, *, current: bool) -> SessionInfo:
    """Tell a person about a session."""
    return SessionInfo(
        id=session.sid,
        label=describe_device(session.user_agent),
        client_address=session.client_address,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
        remember_me=session.remember,
        current=current,
    )


def decode(resources: Resources, purpose: Purpose, token: str) -> Claims:
    """Return the claims of a token of this purpose, or raise TokenExpired or TokenInvalid."""
    try:
        claims = auth.decode_token(purpose, token, resources.keys.tokens)
    except auth.ExpiredToken:
        raise errors.TokenExpired from None
    except auth.InvalidToken:
        raise errors.TokenInvalid from None
    if outlives(resources.settings, purpose, claims):  # where settings were shortened, a client refreshes, and goes on
        raise errors.TokenExpired
    return claims


def _describe(client: Client) -> dict[str, str]:
    return {"client_address": client.address, "user_agent": client.user_agent}
