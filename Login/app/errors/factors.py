"""Why an authenticator's code, a recovery code or a passkey is not taken, or cannot be set up."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.errors.family import ApiError


class TotpInvalid(ApiError, code="totp_invalid"):
    """The password was right; the code was wrong, too old, or used before."""

    detail = "That code is wrong, too old, or already used. Wait for the next one and try again."
    sometimes = frozenset({"clock_off"})


class ClockOff(TotpInvalid):
    """The code was right a few minutes ago or will be: the phone's clock is off. By how much stays our secret."""

    detail = "That code is from another time: check that the clock of your device is set automatically."
    sample: ClassVar[Mapping[str, Any]] = {"clock_off": True}


class TotpEnrolmentInvalid(ApiError, code="totp_enrolment_invalid"):
    """No set-up is under way in this session, it has expired, or the secret is another one."""

    detail = "This set-up has expired or was replaced. Start setting up two-factor authentication again."


class TotpAlreadyEnabled(ApiError, code="totp_already_enabled", status=409):
    """An active factor is never overwritten."""

    detail = "Two-factor authentication is on already. Switch it off first."


class TotpNotEnabled(ApiError, code="totp_not_enabled", status=409):
    """There is no factor to act on."""

    detail = "Two-factor authentication is not on."


class PasskeyInvalid(ApiError, code="passkey_invalid"):
    """What came from the browser does not answer the challenge; what is wrong with it stands in the log."""

    detail = "This passkey's answer cannot be accepted here. Start again."


class PasskeyUnknown(PasskeyInvalid, code="passkey_unknown"):
    """No account has this credential; that is no secret, for nobody finds 16 random bytes by trying."""

    detail = "This passkey is not known here, or was removed. Sign in another way, and add a new one."


class CeremonyInvalid(ApiError, code="ceremony_invalid"):
    """The challenge has expired, was answered, or was asked for by another session or login step."""

    detail = "This took too long or was already used. Start again with your passkey."


class PasskeyAlreadyRegistered(ApiError, code="passkey_already_registered", status=409):
    """The unique index decided."""

    detail = "This passkey is registered already."


class PasskeyLimit(ApiError, code="passkey_limit", status=409):
    """Twenty, for nobody needs more."""

    detail = "An account can have 20 passkeys. Remove one first."


class PasskeyNotSetUp(ApiError, code="passkey_not_set_up", status=409):
    """There is none to answer with."""

    detail = "This account has no passkey."


class PasskeyNotFound(ApiError, code="passkey_not_found", status=404):
    """Not one of the caller's passkeys."""

    detail = "You have no such passkey."


class EmailConfirmationRequired(ApiError, code="email_confirmation_required", status=403):
    """A second factor on an unconfirmed address would shut out whoever that mailbox belongs to."""

    detail = "Confirm your email address first: open the link in the mail that we have sent you, or ask for another."


class SecretUnreadable(ApiError, code="secret_unreadable", status=503):
    """No configured key opens this account's second factor; that never counts as having none."""

    detail = "This account's second factor cannot be read at the moment. Ask whoever runs this service."
