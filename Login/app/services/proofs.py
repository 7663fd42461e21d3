"""Proving who you are: found out before the transaction, spent inside it.

Hashing takes long, so it happens first and outside. What it found may be stale by then: `spend_proof`, inside the
transaction that acts on the proof, makes sure that the password is still that one, that no second factor was switched
on meanwhile, that the code is used once, and that the passkey is still there.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from app import auth, errors
from app.clients.addresses import Client
from app.crud import accounts, attempts, passkeys, second_factors, sessions, trusted_devices
from app.crud.accounts import Addressee, Credentials
from app.crud.clock import SLACK
from app.crud.sessions import Principal, SessionRow
from app.passwords.fair_queue import Party
from app.resources import Resources
from app.secrets.encryption import UnreadableSecret, decrypt
from app.secrets.recovery_codes import hash_former_code, is_former_code, is_recovery_code
from app.services.attempts import expect_code, judge_code, settle_code
from app.services.notices import notify_recovery_code_used
from app.throttling.counters import Counter, hash_address, name_code_counters, name_recovery_counters

logger = logging.getLogger(__name__)


PASSWORD = ("pwd",)  # the names are those of RFC 8176; "rc", which it lacks, is a recovery code


class UsedPasskey(NamedTuple):
    """A passkey that has answered, and what its row is to say from now on."""

    id: int
    sign_count: int
    backed_up: bool


@dataclass(frozen=True)
class Proof:
    """What was proved, and what it costs: the password that was right, and the code that must now be spent."""

    account: Credentials
    counters: tuple[Counter, ...] = ()  # of the code's kind alone: no other factor's failures are cleared by it
    totp_step: int | None = None
    recovery_code: bytes | None = None
    passkey: UsedPasskey | None = None
    trusted_device: bytes | None = None  # for whose sake no factor was asked for
    methods: tuple[str, ...] = PASSWORD
    without_factor: bool = False  # there was none, so no code was asked for
    tell: Callable[[Connection], None] | None = None  # a notice that goes with spending it


def totp_place(public_id: str) -> str:
    """Name the row that an encrypted TOTP secret belongs to."""
    return f"totp:{public_id}"


async def prove_code(resources: Resources, account: Credentials, code: str | None, client: Client) -> Proof:
    """Check the second factor of an account whose password was right; without a factor there is nothing to check."""
    if not account.has_factor:
        return Proof(account, without_factor=True)
    if code is None:
        raise ask_for_factor(account)
    typed = auth.normalize_code(code)
    if is_recovery_code(typed):
        return await _prove_recovery_code(resources, account, typed, client)
    return await _prove_totp(resources, account, typed, client)


async def _prove_totp(resources: Resources, account: Credentials, typed: str, client: Client) -> Proof:
    """Check a code; where there are passkeys only each is wrong, and is counted."""
    sealed, public_id = account.totp_secret, account.public_id
    secret = None if sealed is None else open_totp_secret(resources, public_id, sealed)
    counters = name_code_counters(resources.keys, public_id)
    here = hash_address(resources.keys, public_id, client.address)
    judge = partial(_match_from, account=account, address_hash=here, secret=secret, code=typed)
    step = await judge_code(resources, counters, account, judge, client)
    return Proof(account, counters, totp_step=step, methods=(*PASSWORD, "otp"))


def ask_for_factor(account: Credentials | Addressee) -> errors.SecondFactorRequired:
    """Make the refusal that asks for what an account can show beside its password."""
    kind = errors.TotpRequired if account.has_totp else errors.SecondFactorRequired
    all_kinds = {"totp": account.has_totp, "passkey": account.passkey_count > 0, "recovery_code": True}
    return kind(factors=[name for name, is_there in all_kinds.items() if is_there])


def _match_from(
    connection: Connection, account: Credentials, address_hash: bytes, secret: str | None, code: str
) -> int:
    """Tell of a clock only where the account has signed in before: elsewhere it is a guesser who profits.

    What a wrong code costs is the same with either answer, or the time would tell.
    """
    if secret is None:
        raise errors.TotpInvalid
    try:
        return match_totp_step(secret, code, account.now)
    except errors.TotpInvalid:
        if not attempts.is_known_address(connection, account.id, address_hash):
            raise errors.TotpInvalid from None
        raise


def match_totp_step(secret: str, code: str, now: datetime) -> int:
    """Return the step that a normalised code belongs to; ClockOff when it would have been right minutes away."""
    step = auth.find_totp_step(secret, code, now)
    if step is not None:
        return step
    if auth.find_totp_step(secret, code, now, auth.DRIFT_WINDOW) is not None:
        raise errors.ClockOff(clock_off=True)
    raise errors.TotpInvalid


async def _prove_recovery_code(resources: Resources, account: Credentials, typed: str, client: Client) -> Proof:
    counters = name_recovery_counters(resources.keys, account.public_id, client.address)
    code_hash = await _hash_typed(resources, account, typed, counters, client)
    tell = partial(notify_recovery_code_used, resources=resources, user_id=account.id, client=client)
    judge = partial(_require_code, account=account, code_hash=code_hash)
    await judge_code(resources, counters, account, judge, client)
    return Proof(account, counters, recovery_code=code_hash, tell=tell, methods=(*PASSWORD, "rc"))


async def _hash_typed(
    resources: Resources, account: Credentials, typed: str, counters: tuple[Counter, ...], client: Client
) -> bytes:
    """Hash in the time of one hash, also where no code is left; the former form costs none, for it has 120 bits."""
    if is_former_code(typed):
        return hash_former_code(typed, account.public_id)
    party, salt = await resources.database.read(_expect_recovery_code, resources, account, counters, client)
    async with resources.hashes.place(party):
        return await resources.hashes.run(partial(resources.code_hasher.hash, typed, salt))


def _expect_recovery_code(
    connection: Connection, resources: Resources, account: Credentials, counters: tuple[Counter, ...], client: Client
) -> tuple[Party, str | None]:
    party = expect_code(connection, resources, counters, account, client)
    return party, second_factors.get_recovery_salt(connection, account.id)


def _require_code(connection: Connection, account: Credentials, code_hash: bytes) -> None:
    if not second_factors.has_recovery_code(connection, account.id, code_hash):
        raise errors.TotpInvalid


def open_totp_secret(resources: Resources, public_id: str, ciphertext: str) -> str:
    """Decrypt a TOTP secret; SecretUnreadable when no key opens it, for that never means "no second factor"."""
    try:
        return decrypt(ciphertext, totp_place(public_id), resources.keys.secrets)
    except UnreadableSecret as error:
        logger.exception("totp_secret_unreadable", extra={"event": {"user_id": public_id}})
        raise errors.SecretUnreadable(retry_after=60) from error


def spend_proof(connection: Connection, proof: Proof, stale: type[errors.ApiError] = errors.SessionEnded) -> datetime:
    """Hold the account and use up the code; raise `stale` when the password changed meanwhile, or TotpInvalid.

    Return the time. A passkey that was removed meanwhile raises PasskeyUnknown; where the device is not trusted any
    more, the factor is asked for.

    The code's counter is cleared here and not when it was found right: a code that others saw and replay is right too.
    """
    account = proof.account
    now = _hold_unchanged(connection, proof, stale)
    if proof.totp_step is not None:
        # The last step that can have been taken by now; a later one was taken while the clock was ahead.
        latest = int((now + SLACK).timestamp()) // auth.STEP_SECONDS + auth.WINDOW
        if not second_factors.spend_totp_step(
            connection, account.id, account.totp_secret or "", proof.totp_step, latest
        ):
            raise errors.TotpInvalid
    if proof.recovery_code is not None and not second_factors.spend_recovery_code(
        connection, account.id, proof.recovery_code, account.now
    ):
        raise errors.TotpInvalid
    if proof.passkey is not None and not passkeys.use_passkey(connection, *proof.passkey, now):
        raise errors.PasskeyUnknown
    if proof.trusted_device is not None and not trusted_devices.use_device(connection, proof.trusted_device, now):
        raise ask_for_factor(account)
    if proof.tell is not None:
        proof.tell(connection)
    if proof.counters:
        settle_code(connection, proof.counters)
    return now


def needs_factor(proof: Proof | None, person: Addressee) -> bool:
    """Whether a password was proved without the second factor that the account asks for by now."""
    return proof is not None and person.has_factor and proof.methods == PASSWORD


def _hold_unchanged(connection: Connection, proof: Proof, stale: type[errors.ApiError]) -> datetime:
    """Lock the account; the password alone proves nothing any more once a second factor has been switched on."""
    held = accounts.hold_credentials(connection, proof.account.id)
    if held is None or held.disabled_at is not None or held.password_changed_at != proof.account.password_changed_at:
        raise stale
    if proof.without_factor and held.has_factor:
        raise ask_for_factor(held)
    return held.now


def require_session(connection: Connection, principal: Principal) -> SessionRow:
    """Hold the caller's account and session; SessionEnded when either ended while they waited for a hash.

    Else a thief's change that is under way would outlive "this was not me" and "sign out everywhere else".
    """
    is_there = accounts.hold_user(connection, principal.account.id)
    session = sessions.hold_session(connection, principal.session.sid) if is_there else None
    if session is None:
        raise errors.SessionEnded
    return session


def begin_change(connection: Connection, principal: Principal, proof: Proof | None) -> SessionRow:
    """Use up a proof, where one was asked for, and hold the caller's account and session for what follows."""
    if proof is not None:
        spend_proof(connection, proof)
    return require_session(connection, principal)
