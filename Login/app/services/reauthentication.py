"""Proving again who you are: for a change that wants it, or for a session that is fresh once more."""

from datetime import datetime

from sqlalchemy import Connection

from app import auth, errors
from app.auth import Pair
from app.authority.changes import CHANGES
from app.authority.changes import Proof as Asked
from app.clients.addresses import Client
from app.crud import accounts, passkeys, second_factors, sessions
from app.crud.accounts import Credentials
from app.crud.operations import current_time
from app.crud.sessions import Principal, SessionRow
from app.factor_schemas import Challenge, PasskeyProof, PasskeyProofStart
from app.models import Session
from app.resources import Resources
from app.runtime.logs import log_event
from app.schemas import Proof as ProofBody
from app.schemas import Reauthentication
from app.services.assertions import Asker, Purpose, Shown, challenge_keys, prove_passkey
from app.services.attempts import Guess, expect_guess, judge_password
from app.services.proofs import Proof, prove_code, require_session, spend_proof
from app.services.refusals import note_refusal, noting_refusals
from app.services.sessions import is_fresh, issue_pair, require_fresh
from app.services.trail import record
from app.throttling.counters import name_account


async def prove_for(
    resources: Resources, principal: Principal, event: str, body: ProofBody | None, client: Client
) -> Proof | None:
    """Take the proof that the table of authority wants before a change; a password that is given is always checked."""
    wanted = CHANGES[event].proof
    if body is None or body.current_password is None:
        if wanted is Asked.PASSWORD_AND_FRESH:
            raise errors.CurrentPasswordRequired
        if wanted is Asked.PASSWORD_OR_FRESH:
            require_fresh(principal)
        return None
    without_factor = wanted is Asked.TOKEN or (wanted is Asked.PASSWORD_AND_FRESH and is_fresh(principal))
    return await prove(resources, principal, body, client, need_factor=not without_factor)


async def prove(
    resources: Resources, principal: Principal, body: ProofBody, client: Client, *, need_factor: bool = True
) -> Proof:
    """Check the password of somebody who is signed in, and a code or passkey if there is a second factor.

    It counts as a guess like any other: a stolen token is no way around the counters.
    """
    account, guess = await resources.database.read(_expect_own_guess, resources, principal.account.id, client)
    password = body.current_password.get_secret_value() if body.current_password else ""
    if not await judge_password(resources, guess, password, account.password_hash):
        await note_refusal(resources, "proof.refused", account.public_id, errors.CurrentPasswordInvalid, client)
        raise errors.CurrentPasswordInvalid
    if not need_factor:
        return Proof(account)
    async with noting_refusals(resources, "proof.refused", account.public_id, client):
        if body.ceremony is not None and body.credential is not None:
            asker = Asker(Purpose.REAUTHENTICATE, principal.session.id)
            shown = Shown(body.ceremony.get_secret_value(), body.credential, asker, alone=False)
            return await prove_passkey(resources, account, shown, client)
        return await prove_code(resources, account, body.totp, client)


def _expect_own_guess(
    connection: Connection, resources: Resources, user_id: int, client: Client
) -> tuple[Credentials, Guess]:
    account = _get_own(connection, user_id)
    return account, expect_guess(connection, resources, account, name_account(account), client)


def _get_own(connection: Connection, user_id: int) -> Credentials:
    account = accounts.find_credentials(connection, {"id": user_id})
    if account is None:
        raise errors.SessionEnded
    return account


async def reauthenticate(resources: Resources, principal: Principal, body: Reauthentication, client: Client) -> Pair:
    """Go on in a fresh session, by the password and the second factor."""
    return await _go_on(resources, principal, await prove(resources, principal, body, client), client)


async def challenge_passkey(resources: Resources, principal: Principal, body: PasskeyProofStart) -> Challenge:
    """Ask for an answer of one of the account's passkeys; beside the password it need not verify the person."""
    keys = await resources.database.read(passkeys.list_passkeys, principal.account.id)
    if not keys:
        raise errors.PasskeyNotSetUp
    asker = Asker(Purpose.REAUTHENTICATE, principal.session.id)
    return await challenge_keys(resources, asker, keys, "discouraged" if body.with_password else "required")


async def reauthenticate_by_passkey(
    resources: Resources, principal: Principal, body: PasskeyProof, client: Client
) -> Pair:
    """Go on in a fresh session, by a passkey that has verified the person: it is both factors at once."""
    account = await resources.database.read(_get_own, principal.account.id)
    asker = Asker(Purpose.REAUTHENTICATE, principal.session.id)
    shown = Shown(body.ceremony.get_secret_value(), body.credential, asker, alone=True)
    async with noting_refusals(resources, "proof.refused", account.public_id, client):
        proof = await prove_passkey(resources, account, shown, client)
    return await _go_on(resources, principal, proof, client)


async def _go_on(resources: Resources, principal: Principal, proof: Proof, client: Client) -> Pair:
    """Go on in a new session that is fresh for five minutes; tokens of the old one that somebody copied are dead."""
    async with noting_refusals(resources, "proof.refused", principal.account.public_id, client):
        session = await resources.database.transaction(_renew, resources, principal, proof, client)
    log_event("reauthenticated", "success", user_id=principal.account.public_id, amr=list(proof.methods))
    return issue_pair(resources, principal.account.public_id, session, session.rotated_at)


def _renew(connection: Connection, resources: Resources, principal: Principal, proof: Proof, client: Client) -> Session:
    now = spend_proof(connection, proof)
    old = require_session(connection, principal)
    sessions.end_session(connection, old.sid, CHANGES["session.renewed"].reason, now)
    amr = " ".join(proof.methods)
    session = follow_session(connection, principal.account.id, old, client, authenticated_at=now, amr=amr)
    within = client.within(session.sid, amr)
    record(connection, resources.settings, "session.renewed", principal.account.public_id, within)
    return session


def follow_session(  # noqa: PLR0913 what of it is new
    connection: Connection,
    user_id: int,
    old: SessionRow,
    client: Client,
    *,
    authenticated_at: datetime,
    amr: str | None,
) -> Session:
    """Begin a session in an old one's place, which ends when that would have and has its set-up of a factor."""
    now = current_time(connection)
    session = Session(
        sid=auth.make_id(),
        user_id=user_id,
        rotated_at=now,
        created_at=old.created_at,
        last_seen_at=now,
        authenticated_at=authenticated_at,
        expires_at=old.expires_at,
        remember=old.remember,
        client_address=client.address,
        user_agent=client.user_agent,
        amr=amr,
    )
    second_factors.hand_enrolment_over(connection, old.id, sessions.insert_session(connection, session))
    return session
