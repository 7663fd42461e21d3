"""Challenges for passkeys, and answers to them: kept for five minutes, good once, for whoever asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import Connection

from app import auth, errors, webauthn
from app.clients.addresses import Client
from app.crud import passkeys
from app.crud.accounts import Credentials
from app.crud.operations import current_time
from app.crud.passkeys import PasskeyRow
from app.factor_schemas import Challenge
from app.models import Ceremony
from app.resources import Resources
from app.runtime.logs import log_event
from app.services.attempts import judge_code
from app.services.notices import notify_counter_went_back
from app.services.proofs import PASSWORD, Proof, UsedPasskey
from app.throttling.counters import name_passkey_counters
from app.webauthn import Answer, InvalidResponse, Key, Verification


class Purpose(StrEnum):
    """What a challenge is answered for."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    SECOND_STEP = "second_step"
    REAUTHENTICATE = "reauthenticate"


@dataclass(frozen=True)
class Asker:
    """Who asks for a challenge, and alone can answer it: a session, a login step, or whoever has its id."""

    purpose: Purpose
    session_id: int | None = None
    login_jti: str | None = None


@dataclass(frozen=True)
class Shown:
    """An answer as it came, to a challenge of whom; alone it is both factors, so it must have verified the person."""

    ceremony: str
    credential: Mapping[str, Any]
    asker: Asker
    alone: bool


def begin(connection: Connection, asker: Asker) -> tuple[str, bytes]:
    """Keep a new challenge, and return the id that its answer comes with, and the challenge."""
    ceremony, ceremony_hash = auth.make_one_time_token()
    challenge = webauthn.make_challenge()
    row = Ceremony(
        ceremony_hash=ceremony_hash,
        purpose=asker.purpose,
        challenge=challenge,
        session_id=asker.session_id,
        login_jti=asker.login_jti,
        expires_at=current_time(connection) + passkeys.CEREMONY_LIFETIME,
    )
    passkeys.insert_ceremony(connection, row)
    return ceremony, challenge


def take(connection: Connection, ceremony: str, asker: Asker) -> bytes:
    """Use up a challenge of this asker, and return it."""
    ceremony_hash = auth.hash_one_time_token(ceremony)
    challenge = passkeys.take_ceremony(connection, ceremony_hash, asker.purpose, asker.session_id, asker.login_jti)
    if challenge is None:
        raise errors.CeremonyInvalid
    return challenge


async def challenge_keys(
    resources: Resources, asker: Asker, keys: Iterable[PasskeyRow] | None, verification: Verification
) -> Challenge:
    """Ask for an answer of one of the keys, or of whichever the person has here."""
    ceremony, challenge = await resources.database.transaction(begin, asker)
    known = None if keys is None else [as_key(row) for row in keys]
    options = webauthn.make_request_options(resources.settings.relying_party, challenge, known, verification)
    return Challenge(ceremony=ceremony, options=options)


def as_key(row: PasskeyRow) -> Key:
    """Return what verifies a passkey's answers."""
    transports = tuple(row.transports.split())
    return Key(row.credential_id, row.public_key, synced=row.synced, transports=transports, sign_count=row.sign_count)


async def prove_passkey(resources: Resources, account: Credentials, shown: Shown, client: Client) -> Proof:
    """Check a passkey's answer, after the password or alone; a wrong one is counted as a code is, and costs no hash."""
    stranger = client.address if shown.asker.purpose is Purpose.SIGN_IN else None
    counters = name_passkey_counters(resources.keys, account.public_id, stranger)
    judge = partial(_judge, resources=resources, account=account, shown=shown)
    row, answer = await judge_code(resources, counters, account, judge, None if shown.alone else client)
    tell = None
    if _went_back(row, answer):
        log_event("passkey_counter_went_back", "unknown", user_id=account.public_id, passkey=row.public_id)
        tell = partial(notify_counter_went_back, resources=resources, user_id=account.id, client=client)
    kind = "swk" if row.synced else "hwk"
    methods = (kind,) if shown.alone else (*PASSWORD, kind)
    used = UsedPasskey(row.id, answer.sign_count, answer.backed_up)
    return Proof(account, counters, passkey=used, tell=tell, methods=methods)


def _judge(
    connection: Connection, resources: Resources, account: Credentials, shown: Shown
) -> tuple[PasskeyRow, Answer]:
    """Take the challenge and look at its answer; whatever comes of it, the challenge is used up."""
    challenge = take(connection, shown.ceremony, shown.asker)
    try:
        row = passkeys.find_passkey(connection, webauthn.read_id(shown.credential))
        if row is None or row.user_id != account.id:
            log_event("passkey_failed", "failure", user_id=account.public_id, reason=errors.PasskeyUnknown.code)
            raise errors.PasskeyUnknown
        answer = webauthn.verify_assertion(
            resources.settings.relying_party, challenge, shown.credential, as_key(row), need_verification=shown.alone
        )
        _require_handle(answer, account, shown)
    except InvalidResponse as error:
        log_event("passkey_failed", "failure", user_id=account.public_id, reason=error.reason)
        raise errors.PasskeyInvalid from None
    return row, answer


def _require_handle(answer: Answer, account: Credentials, shown: Shown) -> None:
    """Refuse an answer that names another account, or none where it is what says whose it is."""
    if answer.user_handle is None and shown.asker.purpose is not Purpose.SIGN_IN:
        return
    if answer.user_handle != account.public_id:
        raise InvalidResponse("user_handle")


def _went_back(row: PasskeyRow, answer: Answer) -> bool:
    """Whether the key's counter does not go on, as if there were two of it; keys that do not count say 0."""
    return (row.sign_count > 0 or answer.sign_count > 0) and answer.sign_count <= row.sign_count
