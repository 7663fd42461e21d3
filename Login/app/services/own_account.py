"""An account as its owner sees it, and what comes along: all of it looked up by one connection, in one hop."""

from datetime import timedelta

from sqlalchemy import Connection

from app.config import Settings
from app.crud.second_factors import NO_CODES, CodesState
from app.crud.sessions import Principal
from app.inclusion_schemas import FullAccount, Included, Inclusions
from app.resources import Resources
from app.schemas import SessionInfo
from app.services import passkeys, trusted_devices
from app.services.accounts import show_profile
from app.services.recovery_codes import find_codes
from app.services.sessions import FRESH, describe_session, find_sessions

NOTHING_MORE = Inclusions()
SAME_SIGN_IN = timedelta(seconds=2)  # account and session are written in one transaction, each at its own moment


async def show_account(resources: Resources, principal: Principal, wanted: Inclusions = NOTHING_MORE) -> FullAccount:
    """Tell a person everything that they may want to see of their account, and what else they asked for."""
    if not wanted.include and not principal.account.has_factor:  # whoever calls is known already
        return _describe(resources.settings, principal, NO_CODES)
    return await resources.database.read(find_account, resources.settings, principal, wanted)


def find_account(
    connection: Connection, settings: Settings, principal: Principal, wanted: Inclusions = NOTHING_MORE
) -> FullAccount:
    """Look the same up within other work."""
    account = _describe(settings, principal, find_codes(connection, principal.account))
    account.included = _find_more(connection, settings, principal, wanted) if wanted.include else None
    return account


def _find_more(connection: Connection, settings: Settings, principal: Principal, wanted: Inclusions) -> Included:
    more = Included()
    if "sessions" in wanted.include:
        more.sessions = find_sessions(connection, settings, principal)
    if "passkeys" in wanted.include:
        more.passkeys = passkeys.find_own(connection, settings, principal)
    if "trusted_devices" in wanted.include:  # without a second factor no device is spared it
        has_factor = principal.account.has_factor
        more.trusted_devices = trusted_devices.find_own(connection, settings, principal) if has_factor else []
    if "last_sign_in" in wanted.include:
        more.last_sign_in = _find_last_sign_in(connection, settings, principal)
    return more


def _find_last_sign_in(connection: Connection, settings: Settings, principal: Principal) -> SessionInfo | None:
    """Look up the session of the latest sign-in, which mostly is the caller's own."""
    last, own = principal.account.last_login_at, describe_session(principal.session, current=True)
    if last is None or last - own.created_at <= SAME_SIGN_IN:
        return own
    found = find_sessions(connection, settings, principal)
    return next((session for session in found if abs(session.created_at - last) <= SAME_SIGN_IN), None)


def _describe(settings: Settings, principal: Principal, codes: CodesState) -> FullAccount:
    account, session = principal.account, principal.session
    return FullAccount(
        **show_profile(settings, principal).model_dump(),
        user_id=account.public_id,
        email_verified=account.email_verified_at is not None,
        phrase_is_default=account.phrase is None,
        language=account.language,
        totp_enabled=account.has_totp,
        passkeys=account.passkey_count,
        recovery_codes_left=codes.left,
        recovery_codes_saved=codes.saved,
        created_at=account.created_at,
        last_login_at=account.last_login_at,
        fresh_until=session.authenticated_at + FRESH,
        amr=(session.amr or "").split(),
        session=describe_session(session, current=True),
    )
