"""The second factor: setting it up, confirming it, switching it off."""

import asyncio
import base64
import hmac
import io

from sqlalchemy import Connection

from app import auth, errors
from app.clients.addresses import Client
from app.crud import accounts, second_factors, sessions
from app.crud.accounts import Addressee
from app.crud.operations import current_time
from app.crud.sessions import Principal
from app.factor_schemas import RecoveryCodeSet, TotpConfirmation, TotpSetup, TotpStatus
from app.resources import Resources
from app.runtime.logs import log_event
from app.schemas import Proof as ProofBody
from app.secrets.encryption import encrypt
from app.services.attempts import judge_code, settle_code
from app.services.consequences import conclude, conclude_for
from app.services.proofs import Proof, begin_change, match_totp_step, open_totp_secret, require_session, totp_place
from app.services.reauthentication import prove_for
from app.services.recovery_codes import NONE_SHOWN, CodeSet, codes_in, keep_codes, look_at_codes, make_first_codes
from app.services.sessions import FRESH
from app.services.trail import record
from app.throttling.counters import name_code_counters


async def show_status(resources: Resources, principal: Principal) -> TotpStatus:
    """Tell whether an authenticator app is set up, and how many recovery codes are left."""
    codes = await look_at_codes(resources, principal.account)
    return TotpStatus(
        enabled=principal.account.has_totp, recovery_codes_left=codes.left, recovery_codes_saved=codes.saved
    )


async def start(resources: Resources, principal: Principal, body: ProofBody | None, client: Client) -> TotpSetup:
    """Give the caller a secret to scan; repeated meanwhile by the same session, the same one."""
    if principal.account.has_totp:
        raise errors.TotpAlreadyEnabled
    require_proved_address(resources, principal)
    proof = await prove_for(resources, principal, "factor.totp.started", body, client)
    public_id = principal.account.public_id
    offered = encrypt(auth.make_totp_secret(), totp_place(public_id), resources.keys.secrets)
    ciphertext = await resources.database.transaction(_begin_enrolment, resources, principal, proof, offered, client)
    secret = open_totp_secret(resources, public_id, ciphertext)
    uri = auth.provisioning_uri(secret, principal.account.email, resources.settings.totp_issuer)
    picture = await asyncio.to_thread(draw_qr_code, uri)  # a tenth of a second in which others are answered
    return TotpSetup(secret=secret, qr_code=picture, otpauth_uri=uri)


def require_proved_address(resources: Resources, principal: Principal) -> None:
    """Refuse any factor beside an address that nobody confirmed: it would shut out whoever reads that mailbox."""
    if resources.settings.reaches_mailboxes and principal.account.email_verified_at is None:
        raise errors.EmailConfirmationRequired


def _begin_enrolment(  # noqa: PLR0913, PLR0917 what is offered to whom, by which proof
    connection: Connection,
    resources: Resources,
    principal: Principal,
    proof: Proof | None,
    offered: str,
    client: Client,
) -> str:
    begin_change(connection, principal, proof)  # and hold the account: two tabs that start at once get one secret
    begun = second_factors.get_enrolment(connection, principal.account.id)
    if begun is not None and begun.session_id == principal.session.id:
        return str(begun.secret)
    second_factors.replace_enrolment(connection, principal.account.id, principal.session.id, offered)
    record(connection, resources.settings, "factor.totp.started", principal.account.public_id, client)
    return offered


def draw_qr_code(text: str) -> str:
    """Draw a QR code as a PNG picture in base64."""
    import qrcode  # noqa: PLC0415 five megabytes, which most processes never need

    picture = io.BytesIO()
    qrcode.make(text).save(picture)
    return base64.b64encode(picture.getvalue()).decode()


async def confirm(
    resources: Resources, principal: Principal, body: TotpConfirmation, client: Client
) -> RecoveryCodeSet:
    """Switch the factor on, once a code shows that the device has the secret; return the recovery codes.

    There are none to return where a passkey was there before: the codes that came with it go on.
    """
    if principal.account.has_totp:
        raise errors.TotpAlreadyEnabled
    ciphertext, step = await _check_confirmation(resources, principal, body)
    codes = await make_first_codes(resources, principal, client)
    shown = await resources.database.transaction(_enable, resources, principal, ciphertext, step, codes, client)
    log_event("totp_enabled", "success", user_id=principal.account.public_id)
    return shown


async def _check_confirmation(resources: Resources, principal: Principal, body: TotpConfirmation) -> tuple[str, int]:
    """Accept only the secret that `start` gave to this very session; return it as it is kept, and the code's step."""
    enrolment = await resources.database.read(second_factors.get_enrolment, principal.account.id)
    if enrolment is None or enrolment.session_id != principal.session.id:
        raise errors.TotpEnrolmentInvalid
    secret = open_totp_secret(resources, principal.account.public_id, enrolment.secret)
    typed = auth.normalize_code(body.secret.get_secret_value())
    if not hmac.compare_digest(typed.encode(), secret.encode()):
        raise errors.TotpEnrolmentInvalid
    code = auth.normalize_code(body.code)
    counters, now = name_code_counters(resources.keys, principal.account.public_id), principal.now
    step = await judge_code(resources, counters, principal.account, lambda _: match_totp_step(secret, code, now))
    return enrolment.secret, step


def _enable(  # noqa: PLR0913, PLR0917 what is switched on, and who hears of it
    connection: Connection,
    resources: Resources,
    principal: Principal,
    ciphertext: str,
    step: int,
    codes: CodeSet | None,
    client: Client,
) -> RecoveryCodeSet:
    """Switch on exactly what was confirmed, unless a rival replaced it meanwhile; return the first factor's codes."""
    user_id = principal.account.id
    require_session(connection, principal)
    person = accounts.get_addressee(connection, user_id)
    if person is None:
        raise errors.SessionEnded
    if not second_factors.take_enrolment(connection, user_id, principal.session.id, ciphertext):
        raise errors.TotpEnrolmentInvalid
    if not second_factors.enable_totp(connection, user_id, ciphertext, step):
        raise errors.TotpAlreadyEnabled
    settle_code(connection, name_code_counters(resources.keys, principal.account.public_id))
    shown = give_first_codes(connection, principal, person, codes)
    conclude(connection, resources, "factor.totp.enabled", person, client, former=codes_in(shown))
    return shown


def give_first_codes(
    connection: Connection, principal: Principal, person: Addressee, codes: CodeSet | None
) -> RecoveryCodeSet:
    """Give an account its recovery codes, which come with its first factor of whichever kind.

    No other session stays fresh: theirs was a proof by the password alone, enough, until now, to remove the factor
    again or to take the codes.
    """
    if person.has_factor:
        return NONE_SHOWN
    if codes is None:  # another tab has just removed the factor that was there
        raise errors.Busy(retry_after=1)
    stale = current_time(connection) - FRESH
    sessions.make_others_stale(connection, principal.account.id, principal.session.id, stale)
    return keep_codes(connection, principal, codes)


async def disable(resources: Resources, principal: Principal, body: ProofBody | None, client: Client) -> None:
    """Switch the factor off."""
    if not principal.account.has_totp:
        raise errors.TotpNotEnabled
    proof = await prove_for(resources, principal, "factor.totp.disabled", body, client)
    await resources.database.transaction(_disable, resources, principal, proof, client)
    log_event("totp_disabled", "success", user_id=principal.account.public_id)


def _disable(
    connection: Connection, resources: Resources, principal: Principal, proof: Proof | None, client: Client
) -> None:
    begin_change(connection, principal, proof)
    if not second_factors.disable_totp(connection, principal.account.id):
        raise errors.TotpNotEnabled
    conclude_for(connection, resources, "factor.totp.disabled", principal.account.id, client)
