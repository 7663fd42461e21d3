"""Every refusal of the API: a stable code to switch on, a status, a sentence for people."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

LOGIN_TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.signature"  # an example
SECOND_STEP = {"login_token": LOGIN_TOKEN, "trust_seconds": 2592000}  # likewise


class ApiError(Exception):
    """The family: raise a subclass anywhere, and one handler turns it into the answer."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    code: ClassVar[str]
    detail: ClassVar[str]
    challenge: ClassVar[str] = 'Bearer error="invalid_token"'
    sample: ClassVar[Mapping[str, Any]] = {}  # further members of the answer, as the API's page shows them
    sometimes: ClassVar[frozenset[str]] = frozenset()  # those of them that an answer may lack

    def __init_subclass__(cls, *, code: str | None = None, status: int | None = None) -> None:
        """Take the code and the status of a refusal, 400 if none is said; without either it shares its family's."""
        cls.code = code or cls.code
        cls.status = HTTPStatus(status or cls.status)

    def __init__(self, *, retry_after: int | None = None, **extra: object) -> None:
        """Carry members for the answer's body, and the seconds after which a retry makes sense."""
        super().__init__(self.code)
        self.retry_after = retry_after
        self.extra: Mapping[str, Any] = extra


class InvalidCredentials(ApiError, code="invalid_credentials"):
    """One text for a wrong password and for nobody of that name."""

    detail = "Incorrect username, email or password."


class SecondFactorRequired(ApiError, code="second_factor_required"):
    """The password was right; the second step is missing, and the account has passkeys only."""

    detail = "This account asks for one of its passkeys, or a recovery code."
    sample: ClassVar[Mapping[str, Any]] = {"factors": ["passkey", "recovery_code"]}


class TotpRequired(SecondFactorRequired, code="totp_required"):
    """The same where the account has an authenticator app, and perhaps passkeys beside it."""

    detail = "This account asks for a code from your authenticator app, or a recovery code."
    sample: ClassVar[Mapping[str, Any]] = {"factors": ["totp", "recovery_code"]}


class LoginFactorRequired(SecondFactorRequired):
    """The same at a login: the answer has the token for the second step."""

    sample: ClassVar[Mapping[str, Any]] = {**SECOND_STEP, **SecondFactorRequired.sample}


class LoginCodeRequired(TotpRequired):
    """The same at a login: the answer has the token for the second step."""

    sample: ClassVar[Mapping[str, Any]] = {**SECOND_STEP, **TotpRequired.sample}


class TotpInvalid(ApiError, code="totp_invalid"):
    """The password was right; the code was wrong, too old, or used before."""

    detail = "That code is wrong, too old, or already used. Wait for the next one and try again."
    sometimes = frozenset({"clock_off"})


class ClockOff(TotpInvalid):
    """The code was right a few minutes ago or will be: the phone's clock is off. By how much stays our secret."""

    detail = "That code is from another time: check that the clock of your device is set automatically."
    sample: ClassVar[Mapping[str, Any]] = {"clock_off": True}


class PasskeyInvalid(ApiError, code="passkey_invalid"):
    """What came from the browser does not answer the challenge; what is wrong with it stands in the log."""

    detail = "This passkey's answer cannot be accepted here. Start again."


class PasskeyUnknown(PasskeyInvalid, code="passkey_unknown"):
    """No account has this credential; that is no secret, for nobody finds 16 random bytes by trying."""

    detail = "This passkey is not known here, or was removed. Sign in another way, and add a new one."


class CeremonyInvalid(ApiError, code="ceremony_invalid"):
    """The challenge has expired, was answered, or was asked for by another session or login step."""

    detail = "This took too long or was already used. Start again with your passkey."


class LoginTokenInvalid(ApiError, code="login_token_invalid"):
    """The first step's proof has expired, was used, or no longer fits the account."""

    detail = "This sign-in took too long or was already completed. Start again with your password."


class AccountDisabled(ApiError, code="account_disabled"):
    """Said only after a right password."""

    detail = "This account has been disabled. Ask whoever runs this service."


class EmailUnverified(ApiError, code="email_unverified"):
    """Said only after a right password and code; the link to confirm the address has been sent again."""

    detail = "Confirm your email address first: open the link in the mail that we have sent you."


class EmailConfirmationRequired(ApiError, code="email_confirmation_required", status=403):
    """A second factor on an unconfirmed address would shut out whoever that mailbox belongs to."""

    detail = "Confirm your email address first: open the link in the mail that we have sent you, or ask for another."


class LinkInvalid(ApiError, code="link_invalid"):
    """The link has expired, was used, or no longer fits the account."""

    detail = "This link has expired or was already used. Ask for a new one."


class CurrentPasswordRequired(ApiError, code="current_password_required"):
    """A change of email or password names the current password."""

    detail = "Give your current password to change your email or password."


class CurrentPasswordInvalid(ApiError, code="current_password_invalid"):
    """The person is signed in, but the password given is not theirs."""

    detail = "The current password is wrong."


class PasswordTooShort(ApiError, code="password_too_short"):
    """Under eight characters."""

    detail = "Choose a password of at least 8 characters."


class PasswordTooCommon(ApiError, code="password_too_common"):
    """On the list that attackers try first."""

    detail = "This password is on the lists that attackers try first. Choose another."


class PasswordTooPersonal(ApiError, code="password_too_personal"):
    """Made of the account's own email, username or the product's name."""

    detail = "This password is made of your email, your username or the name of this service. Choose another."


class TotpEnrolmentInvalid(ApiError, code="totp_enrolment_invalid"):
    """No set-up is under way in this session, it has expired, or the secret is another one."""

    detail = "This set-up has expired or was replaced. Start setting up two-factor authentication again."


class TokenInvalid(ApiError, code="token_invalid", status=401):
    """Missing, damaged, forged, or of another kind."""

    detail = "Sign in: the token is missing or not valid here."


class TokenMissing(TokenInvalid):
    """No token at all: the challenge then names no error (RFC 6750, section 3)."""

    challenge = "Bearer"


class TokenExpired(ApiError, code="token_expired", status=401):
    """Once valid, now past its end."""

    detail = "The token has expired."


class SessionEnded(ApiError, code="session_ended", status=401):
    """Logged out, revoked, idle too long, or ended by a change of password."""

    detail = "This session has ended. Sign in again."


class RefreshTokenReused(ApiError, code="refresh_token_reused", status=401):
    """An old refresh token came back: somebody holds a copy, so nobody keeps the session."""

    detail = "This session was ended because an old copy of its refresh token was used. Sign in again."


class InvalidClient(ApiError, code="invalid_client", status=401):
    """A service did not prove who it is (RFC 7662, section 2.3, and RFC 6749, section 5.2)."""

    detail = "This service is not known here, or its secret is not the right one."
    challenge = 'Basic realm="services", charset="UTF-8"'


class ReauthenticationRequired(ApiError, code="reauthentication_required", status=403):
    """The session is older than five minutes."""

    detail = "Confirm that it is you: POST /reauthenticate, or send current_password (and totp) with this request."


class InsecureConfiguration(ApiError, code="insecure_configuration", status=403):
    """A sample or weak secret serves this machine only."""

    detail = "A secret of this API is a sample or too weak, so it answers its own machine only. Its log says which one."


class SessionNotFound(ApiError, code="session_not_found", status=404):
    """Not one of the caller's live sessions."""

    detail = "You have no such session."


class TrustedDeviceNotFound(ApiError, code="trusted_device_not_found", status=404):
    """Not one of the caller's trusted devices, or not any more."""

    detail = "You trust no such device."


class EventNotFound(ApiError, code="event_not_found", status=404):
    """Not an event of the caller's that can be taken back, or not any more."""

    detail = "There is nothing here that you can take back."


class EmailTaken(ApiError, code="email_taken", status=409):
    """The unique index decided."""

    detail = "An account with this email exists already."


class UsernameTaken(ApiError, code="username_taken", status=409):
    """The unique index decided."""

    detail = "This username is taken."


class UsernameReserved(ApiError, code="username_reserved"):
    """It reads as the service's own, or as somebody who speaks for it."""

    detail = "This username could be taken for this service or its staff. Choose another."


class EmailDomainPrivate(ApiError, code="email_domain_private"):
    """A good address, but of a network that no mail from outside reaches; PRIVATE_EMAIL_DOMAINS can allow it."""

    detail = "Names such as .local, .test and home.arpa exist inside one network only. Give an address of the internet."


class TotpAlreadyEnabled(ApiError, code="totp_already_enabled", status=409):
    """An active factor is never overwritten."""

    detail = "Two-factor authentication is on already. Switch it off first."


class TotpNotEnabled(ApiError, code="totp_not_enabled", status=409):
    """There is no factor to act on."""

    detail = "Two-factor authentication is not on."


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


class TooManyAttempts(ApiError, code="too_many_attempts", status=429):
    """Throttled; nobody is locked out for good."""

    detail = "Too many attempts. Wait a moment and try again."


class TooManyRequests(ApiError, code="too_many_requests", status=429):
    """One client address or service floods one kind of request, whatever it says in them."""

    detail = "Too many requests from your network or service. Wait a moment and try again."


class HeadTooLarge(ApiError, code="head_too_large", status=431):
    """No client of ours sends so much before its body."""

    detail = "The request's address and headers are larger than 16 KiB."


class Busy(ApiError, code="busy", status=503):
    """More password checks are waiting than can be answered in time."""

    detail = "The service is busy. Try again in a moment."


class DatabaseUnavailable(ApiError, code="database_unavailable", status=503):
    """The database does not answer; nothing was changed."""

    detail = "The service cannot reach its database. Nothing was changed; try again in a moment."


class OutcomeUnknown(ApiError, code="outcome_unknown", status=503):
    """The connection was lost during COMMIT: the change may or may not have happened, so nobody repeats it unasked."""

    detail = "The connection to the database was lost at the last moment. Check whether the change happened."


class SecretUnreadable(ApiError, code="secret_unreadable", status=503):
    """No configured key opens this account's second factor; that never counts as having none."""

    detail = "This account's second factor cannot be read at the moment. Ask whoever runs this service."


class Draining(ApiError, code="draining", status=503):
    """This process is about to end; whoever balances the load shall look elsewhere."""

    detail = "This server is about to end. Another one answers."


class MetricsForbidden(ApiError, code="metrics_forbidden", status=403):
    """Counters tell an attacker what works; without a token they are for this machine alone."""

    detail = "Without METRICS_TOKEN the metrics answer callers on the same machine only."


class InternalError(ApiError, code="internal_error", status=500):
    """A fault of ours; the log has the details under the request's id."""

    detail = "Something went wrong on our side. Nothing more is known here; the log has it."
