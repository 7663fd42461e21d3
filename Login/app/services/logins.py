"""Signing in, in one call or in two steps, by password or passkey."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app import auth, errors, webauthn
from app.authority.changes import CHANGES
from app.clients.addresses import Client
from app.crud import accounts, attempts, operations, passkeys, sessions
from app.crud.accounts import Credentials
from app.crud.clock import SLACK, is_void
from app.factor_schemas import Challenge, PasskeyLogin, PasskeyLoginStart
from app.identifiers import login_keys
from app.models import Session
from app.passwords.fair_queue import Party, party_of
from app.resources import Resources
from app.runtime.logs import log_event
from app.schemas import LoginRequest, TokenPair
from app.services.assertions import Asker, Purpose, Shown, challenge_keys, prove_passkey
from app.services.attempts import Guess, expect_guess, judge_password
from app.services.consequences import tell
from app.services.emails import resend_verification
from app.services.lifetimes import outlives
from app.services.links import Told
from app.services.proofs import Proof, prove_code, spend_proof
from app.services.refusals import note_refusal, noting_refusals
from app.services.sessions import FRESH, issue_pair
from app.services.trail import NO_FACTS, record
from app.services.trusted_devices import may_trust, prove_device, trust_device, write_id
from app.throttling.counters import hash_address, name_account
from app.webauthn import InvalidResponse

REFUSED = "session.refused"


@dataclass(frozen=True)
class FirstStep:
    """An account whose password was right, and what is to happen once the second step is done too."""

    account: Credentials
    remember: bool
    jti: str | None = None
    trust: bool = False


async def log_in(resources: Resources, body: LoginRequest, client: Client) -> TokenPair:
    """Sign in with password and code in one call, or with the code and the token that the first step gave.

    On a trusted device the password is enough.
    """
    first = await _take_first_step(resources, body, client)
    try:
        spared = None if body.totp else await prove_device(resources, first.account, body.device_token)
        proof = spared or await _check_code(resources, first, body.totp, client)
        return await _admit(resources, first, proof, client)
    except errors.SecondFactorRequired as refusal:
        raise type(refusal)(**_offer_second_step(resources, first), **refusal.extra) from None


def _offer_second_step(resources: Resources, first: FirstStep) -> dict[str, Any]:
    lifetime = resources.settings.trusted_device_days
    return {"login_token": _make_login_token(resources, first), "trust_seconds": int(lifetime.total_seconds())}


async def challenge_passkey(resources: Resources, body: PasskeyLoginStart) -> Challenge:
    """Ask for whichever passkey somebody has here; after the password, for one of the account's."""
    if body.login_token is None:
        return await challenge_keys(resources, Asker(Purpose.SIGN_IN), None, "required")
    first = await _resume(resources, body.login_token.get_secret_value())
    keys = await resources.database.read(passkeys.list_passkeys, first.account.id)
    if not keys:
        raise errors.PasskeyUnknown
    return await challenge_keys(resources, Asker(Purpose.SECOND_STEP, login_jti=first.jti), keys, "discouraged")


async def log_in_by_passkey(resources: Resources, body: PasskeyLogin, client: Client) -> TokenPair:
    """Sign in by a passkey: alone it is both factors, with the token of the first step it is the second."""
    if body.login_token is not None:
        first = await _resume(resources, body.login_token.get_secret_value(), trust=body.trust_device)
        asker = Asker(Purpose.SECOND_STEP, login_jti=first.jti)
    else:
        first = FirstStep(await _find_owner(resources, body, client), body.remember_me)
        asker = Asker(Purpose.SIGN_IN)
    shown = Shown(body.ceremony.get_secret_value(), body.credential, asker, alone=first.jti is None)
    async with noting_refusals(resources, REFUSED, first.account.public_id, client):
        proof = await prove_passkey(resources, first.account, shown, client)
    await _require_enabled(resources, first.account, client)
    return await _admit(resources, first, proof, client)


async def _find_owner(resources: Resources, body: PasskeyLogin, client: Client) -> Credentials:
    """Find whose passkey answers."""
    try:
        credential_id = webauthn.read_id(body.credential)
    except InvalidResponse:
        raise errors.PasskeyInvalid from None
    account = await resources.database.read(_get_owner, credential_id)
    if account is None:
        raise await _fail(resources, None, errors.PasskeyUnknown, client)
    return account


def _get_owner(connection: Connection, credential_id: bytes) -> Credentials | None:
    passkey = passkeys.find_passkey(connection, credential_id)
    return accounts.find_credentials(connection, {"id": passkey.user_id}) if passkey else None


async def _take_first_step(resources: Resources, body: LoginRequest, client: Client) -> FirstStep:
    if body.login_token is not None:
        first = await _resume(resources, body.login_token.get_secret_value(), trust=body.trust_device)
    else:
        first = await _check_password(resources, body, client)
    await _require_enabled(resources, first.account, client)
    return first


async def _require_enabled(resources: Resources, account: Credentials, client: Client) -> None:
    """Refuse a disabled account, which is said only once the password or the passkey was right."""
    if account.disabled_at is not None:
        raise await _fail(resources, account, errors.AccountDisabled, client)


async def _fail(
    resources: Resources, account: Credentials | None, why: type[errors.ApiError], client: Client
) -> errors.ApiError:
    """Note whose sign-in is refused, by public id; what somebody typed who means nobody stands nowhere."""
    await note_refusal(resources, REFUSED, account.public_id if account else None, why, client)
    log_event("login_failed", "failure", reason=why.code, **({"user_id": account.public_id} if account else {}))
    return why()


async def _check_password(resources: Resources, body: LoginRequest, client: Client) -> FirstStep:
    """Check in the same time for every identifier; what would be shed is shed before the database is asked."""
    with resources.hashes.look(party_of(client.address).group):
        account, guess = await resources.database.read(_find_account, resources, body, client)
    password = body.password.get_secret_value() if body.password else ""
    right = await judge_password(resources, guess, password, account.password_hash if account else None)
    if account is None or not right:
        raise await _fail(resources, account, errors.InvalidCredentials, client)
    await _keep_hash_up_to_date(resources, account, password, guess.party)
    return FirstStep(account, body.remember_me, trust=body.trust_device)


async def _keep_hash_up_to_date(resources: Resources, account: Credentials, password: str, party: Party) -> None:
    """Hash anew when today's costs are others; at once, for the second of two steps has the password no more."""
    old = account.password_hash or ""
    if resources.hashes.hasher.is_outdated(old):
        new = await resources.hashes.hash(password, party)
        await resources.database.transaction(accounts.replace_hash, account.id, old, new)


def _find_account(
    connection: Connection, resources: Resources, body: LoginRequest, client: Client
) -> tuple[Credentials | None, Guess]:
    identifiers = (body.username, body.email)
    keys = login_keys(*identifiers)
    account = accounts.find_credentials(connection, keys) if keys else None
    name = name_account(account, *identifiers)
    return account, expect_guess(connection, resources, account, name, client)


async def _check_code(resources: Resources, first: FirstStep, code: str | None, client: Client) -> Proof:
    try:
        async with noting_refusals(resources, REFUSED, first.account.public_id, client):
            return await prove_code(resources, first.account, code, client)
    except errors.SecondFactorRequired:
        raise  # no code is no wrong one
    except errors.ApiError as error:
        log_event("totp_failed", "failure", user_id=first.account.public_id, reason=error.code)
        raise


async def _admit(resources: Resources, first: FirstStep, proof: Proof, client: Client) -> TokenPair:
    """Begin a session, once both factors are proved, or one and the device."""
    await _require_verified(resources, first, client)
    async with noting_refusals(resources, REFUSED, first.account.public_id, client):  # a code that was used already
        session, device_token = await resources.database.transaction(_begin, resources, first, proof, client)
    log_event("login_succeeded", "success", user_id=first.account.public_id, amr=list(proof.methods))
    if device_token is not None:
        log_event("device_trusted", "success", user_id=first.account.public_id)
    return _hand_out(resources, first, session, device_token)


def _hand_out(resources: Resources, first: FirstStep, session: Session, device_token: str | None) -> TokenPair:
    pair = issue_pair(resources, first.account.public_id, session, session.created_at)
    lifetime = int(resources.settings.trusted_device_days.total_seconds()) if device_token else None
    return TokenPair(**asdict(pair), device_token=device_token, device_token_expires_in=lifetime)


async def _require_verified(resources: Resources, first: FirstStep, client: Client) -> None:
    """Refuse an address that nobody has confirmed, where the settings want that, and send it the link again."""
    if first.account.email_verified_at is None and resources.settings.needs_verified_email:
        await resources.database.transaction(resend_verification, resources, first.account.id)
        raise await _fail(resources, first.account, errors.EmailUnverified, client)


def _begin(
    connection: Connection, resources: Resources, first: FirstStep, proof: Proof, client: Client
) -> tuple[Session, str | None]:
    session = _start_session(connection, resources, first, proof, client)
    if not (first.trust and may_trust(resources.settings, proof)):
        return session, None
    within = client.within(session.sid, session.amr)
    return session, trust_device(connection, resources, first.account, within, session.created_at)


def _start_session(
    connection: Connection, resources: Resources, first: FirstStep, proof: Proof, client: Client
) -> Session:
    now = spend_proof(connection, proof, stale=errors.CeremonyInvalid if proof.passkey else errors.InvalidCredentials)
    over = first.account.now + auth.LOGIN_TOKEN_LIFETIME
    if first.jti is not None and not operations.spend_token(connection, first.jti, over):
        raise errors.LoginTokenInvalid
    client = client.within(auth.make_id(), " ".join(proof.methods))
    event_id = _record_start(connection, resources, first.account, proof, client, now)
    _note_place(connection, resources, first.account, client, now, event_id)
    accounts.note_login(connection, first.account.id, now)
    session = Session(
        sid=client.sid or "",
        user_id=first.account.id,
        rotated_at=now,
        created_at=now,
        last_seen_at=now,
        # What wants a fresh session wants the factor, too, which was not shown here.
        authenticated_at=now if proof.trusted_device is None else now - FRESH - SLACK,
        expires_at=now + resources.settings.session_lifetime(remember=first.remember),
        remember=first.remember,
        client_address=client.address,
        user_agent=client.user_agent,
        amr=client.amr,
    )
    sessions.insert_session(connection, session)
    subject, reason = first.account.public_id, CHANGES["sessions.displaced"].reason
    if surplus := sessions.end_surplus(connection, first.account.id, reason, now):
        facts = {"sessions_ended": surplus}
        record(connection, resources.settings, "sessions.displaced", subject, client, now=now, facts=facts)
    return session


def _record_start(  # noqa: PLR0913, PLR0917 whose session begins, by what proof
    connection: Connection, resources: Resources, account: Credentials, proof: Proof, client: Client, now: datetime
) -> bytes | None:
    facts = {"device": write_id(proof.trusted_device)} if proof.trusted_device else NO_FACTS
    subject = account.public_id
    return record(connection, resources.settings, "session.started", subject, client, now=now, facts=facts)


def _note_place(  # noqa: PLR0913, PLR0917 whose place, and what to say of it
    connection: Connection,
    resources: Resources,
    account: Credentials,
    client: Client,
    now: datetime,
    event_id: bytes | None,
) -> None:
    """Remember where somebody signs in from, and tell the owner when that is new; the very first place is no news."""
    address_hash = hash_address(resources.keys, account.public_id, client.address)
    if attempts.renew_address(connection, account.id, address_hash, now):
        return
    attempts.note_address(connection, account.id, address_hash, now)
    attempts.forget_addresses(connection, account.id)
    person = accounts.get_addressee(connection, account.id)
    if person is not None and person.last_login_at is not None:
        tell(connection, resources, Told("session.started", event_id), person, client)


def _make_login_token(resources: Resources, first: FirstStep) -> str:
    """Vouch for the right password, for five minutes and until the password changes."""
    now = first.account.now
    claims = {
        "sub": first.account.public_id,
        "jti": auth.make_id(),
        "iat": int(now.timestamp()),
        "exp": int((now + auth.LOGIN_TOKEN_LIFETIME).timestamp()),
        "pwd": first.account.password_changed_at.timestamp(),
        "rem": first.remember,
    }
    return auth.encode_token("login", claims, resources.keys.login)


async def _resume(resources: Resources, token: str, *, trust: bool = False) -> FirstStep:
    try:
        claims = auth.decode_token("login", token, resources.keys.login)
    except auth.InvalidToken:
        raise errors.LoginTokenInvalid from None
    if outlives(resources.settings, "login", claims):
        raise errors.LoginTokenInvalid
    account = await resources.database.read(accounts.find_credentials, {"public_id": claims["sub"]})
    if account is None or account.password_changed_at.timestamp() != claims.get("pwd"):
        raise errors.LoginTokenInvalid
    if is_void(auth.utc(claims["iat"]), account.now):
        raise errors.LoginTokenInvalid
    return FirstStep(account, bool(claims.get("rem")), jti=claims["jti"], trust=trust)
