"""Every refusal of the API: a stable code to switch on, a status, a sentence for people."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

LOGIN_TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.signature"  # an example


class ApiError(Exception):
    """The family: raise a subclass anywhere, and one handler turns it into the answer."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    code: ClassVar[str]
    detail: ClassVar[str]
    challenge: ClassVar[str] = 'Bearer error="invalid_token"'
    sample: ClassVar[Mapping[str, Any]] = {}  # further members of the answer, as the API's page shows them

    def __init__(self, *, retry_after: int | None = None, **extra: object) -> None:
        """Carry members for the answer's body, and the seconds after which a retry makes sense."""
        super().__init__(self.code)
        self.retry_after = retry_after
        self.extra: Mapping[str, Any] = extra


class InvalidCredentials(ApiError):
    """One text for a wrong password and for nobody of that name."""

    code = "invalid_credentials"
    detail = "Incorrect username, email or password."


class SecondFactorRequired(ApiError):
    """The password was right; the second step is missing, and the account has passkeys only."""

    code = "second_factor_required"
    detail = "This account asks for one of its passkeys, or a recovery code."
    sample: ClassVar[Mapping[str, Any]] = {"factors": ["passkey", "recovery_code"]}


class TotpRequired(SecondFactorRequired):
    """The same where the account has an authenticator app, and perhaps passkeys beside it."""

    code = "totp_required"
    detail = "This account asks for a code from your authenticator app, or a recovery code."
    sample: ClassVar[Mapping[str, Any]] = {"factors": ["totp", "recovery_code"]}


class LoginFactorRequired(SecondFactorRequired):
    """The same at a login: the answer has the token for the second step."""

    sample: ClassVar[Mapping[str, Any]] = {"login_token": LOGIN_TOKEN, **SecondFactorRequired.sample}


class LoginCodeRequired(TotpRequired):
    """The same at a login: the answer has the token for the second step."""

    sample: ClassVar[Mapping[str, Any]] = {"login_token": LOGIN_TOKEN, **TotpRequired.sample}


class TotpInvalid(ApiError):
    """The password was right; the code was wrong, too old, or used before."""

    code = "totp_invalid"
    detail = "That code is wrong, too old, or already used. Wait for the next one and try again."


class ClockOff(TotpInvalid):
    """The code was right a few minutes ago or will be: the phone's clock is off. By how much stays our secret."""

    detail = "That code is from another time: check that the clock of your device is set automatically."
    sample: ClassVar[Mapping[str, Any]] = {"clock_off": True}


class PasskeyInvalid(ApiError):
    """What came from the browser does not answer the challenge; what is wrong with it stands in the log."""

    code = "passkey_invalid"
    detail = "This passkey's answer cannot be accepted here. Start again."


class PasskeyUnknown(PasskeyInvalid):
    """No account has this credential; that is no secret, for nobody finds 16 random bytes by trying."""

    code = "passkey_unknown"
    detail = "This passkey is not known here, or was removed. Sign in another way, and add a new one."


class CeremonyInvalid(ApiError):
    """The challenge has expired, was answered, or was asked for by another session or login step."""

    code = "ceremony_invalid"
    detail = "This took too long or was already used. Start again with your passkey."


class LoginTokenInvalid(ApiError):
    """The first step's proof has expired, was used, or no longer fits the account."""

    code = "login_token_invalid"
    detail = "This sign-in took too long or was already completed. Start again with your password."


class AccountDisabled(ApiError):
    """Said only after a right password."""

    code = "account_disabled"
    detail = "This account has been disabled. Ask whoever runs this service."


class EmailUnverified(ApiError):
    """Said only after a right password and code; the link to confirm the address has been sent again."""

    code = "email_unverified"
    detail = "Confirm your email address first: open the link in the mail that we have sent you."


class EmailConfirmationRequired(ApiError):
    """A second factor on an unconfirmed address would shut out whoever that mailbox belongs to."""

    status = HTTPStatus.FORBIDDEN
    code = "email_confirmation_required"
    detail = "Confirm your email address first: open the link in the mail that we have sent you, or ask for another."


class LinkInvalid(ApiError):
    """The link has expired, was used, or no longer fits the account."""

    code = "link_invalid"
    detail = "This link has expired or was already used. Ask for a new one."


class CurrentPasswordRequired(ApiError):
    """A change of email or password names the current password."""

    code = "current_password_required"
    detail = "Give your current password to change your email or password."


class CurrentPasswordInvalid(ApiError):
    """The person is signed in, but the password given is not theirs."""

    code = "current_password_invalid"
    detail = "The current password is wrong."


class PasswordTooShort(ApiError):
    """Under eight characters."""

    code = "password_too_short"
    detail = "Choose a password of at least 8 characters."


class PasswordTooCommon(ApiError):
    """On the list that attackers try first."""

    code = "password_too_common"
    detail = "This password is on the lists that attackers try first. Choose another."


class PasswordTooPersonal(ApiError):
    """Made of the account's own email, username or the product's name."""

    code = "password_too_personal"
    detail = "This password is made of your email, your username or the name of this service. Choose another."


class TotpEnrolmentInvalid(ApiError):
    """No set-up is under way in this session, it has expired, or the secret is another one."""

    code = "totp_enrolment_invalid"
    detail = "This set-up has expired or was replaced. Start setting up two-factor authentication again."


class TokenInvalid(ApiError):
    """Missing, damaged, forged, or of another kind."""

    status = HTTPStatus.UNAUTHORIZED
    code = "token_invalid"
    detail = "Sign in: the token is missing or not valid here."


class TokenMissing(TokenInvalid):
    """No token at all: the challenge then names no error (RFC 6750, section 3)."""

    challenge = "Bearer"


class TokenExpired(ApiError):
    """Once valid, now past its end."""

    status = HTTPStatus.UNAUTHORIZED
    code = "token_expired"
    detail = "The token has expired."


class SessionEnded(ApiError):
    """Logged out, revoked, idle too long, or ended by a change of password."""

    status = HTTPStatus.UNAUTHORIZED
    code = "session_ended"
    detail = "This session has ended. Sign in again."


class RefreshTokenReused(ApiError):
    """An old refresh token came back: somebody holds a copy, so nobody keeps the session."""

    status = HTTPStatus.UNAUTHORIZED
    code = "refresh_token_reused"
    detail = "This session was ended because an old copy of its refresh token was used. Sign in again."


class ReauthenticationRequired(ApiError):
    """The session is older than five minutes."""

    status = HTTPStatus.FORBIDDEN
    code = "reauthentication_required"
    detail = "Confirm that it is you: POST /reauthenticate, or send current_password (and totp) with this request."


class InsecureConfiguration(ApiError):
    """A sample or weak secret serves this machine only."""

    status = HTTPStatus.FORBIDDEN
    code = "insecure_configuration"
    detail = "A secret of this API is a sample or too weak, so it answers its own machine only. Its log says which one."


class SessionNotFound(ApiError):
    """Not one of the caller's live sessions."""

    status = HTTPStatus.NOT_FOUND
    code = "session_not_found"
    detail = "You have no such session."


class EmailTaken(ApiError):
    """The unique index decided."""

    status = HTTPStatus.CONFLICT
    code = "email_taken"
    detail = "An account with this email exists already."


class UsernameTaken(ApiError):
    """The unique index decided."""

    status = HTTPStatus.CONFLICT
    code = "username_taken"
    detail = "This username is taken."


class UsernameReserved(ApiError):
    """It reads as the service's own, or as somebody who speaks for it."""

    code = "username_reserved"
    detail = "This username could be taken for this service or its staff. Choose another."


class EmailDomainPrivate(ApiError):
    """A good address, but of a network that no mail from outside reaches; PRIVATE_EMAIL_DOMAINS can allow it."""

    code = "email_domain_private"
    detail = "Names such as .local, .test and home.arpa exist inside one network only. Give an address of the internet."


class TotpAlreadyEnabled(ApiError):
    """An active factor is never overwritten."""

    status = HTTPStatus.CONFLICT
    code = "totp_already_enabled"
    detail = "Two-factor authentication is on already. Switch it off first."


class TotpNotEnabled(ApiError):
    """There is no factor to act on."""

    status = HTTPStatus.CONFLICT
    code = "totp_not_enabled"
    detail = "Two-factor authentication is not on."


class PasskeyAlreadyRegistered(ApiError):
    """The unique index decided."""

    status = HTTPStatus.CONFLICT
    code = "passkey_already_registered"
    detail = "This passkey is registered already."


class PasskeyLimit(ApiError):
    """Twenty, for nobody needs more."""

    status = HTTPStatus.CONFLICT
    code = "passkey_limit"
    detail = "An account can have 20 passkeys. Remove one first."


class PasskeyNotSetUp(ApiError):
    """There is none to answer with."""

    status = HTTPStatus.CONFLICT
    code = "passkey_not_set_up"
    detail = "This account has no passkey."


class PasskeyNotFound(ApiError):
    """Not one of the caller's passkeys."""

    status = HTTPStatus.NOT_FOUND
    code = "passkey_not_found"
    detail = "You have no such passkey."


class TooManyAttempts(ApiError):
    """Throttled; nobody is locked out for good."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_attempts"
    detail = "Too many attempts. Wait a moment and try again."


class TooManyRequests(ApiError):
    """One client address floods one kind of request, whatever it says in them."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    detail = "Too many requests from your network. Wait a moment and try again."


class HeadTooLarge(ApiError):
    """No client of ours sends so much before its body."""

    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    code = "head_too_large"
    detail = "The request's address and headers are larger than 16 KiB."


class Busy(ApiError):
    """More password checks are waiting than can be answered in time."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "busy"
    detail = "The service is busy. Try again in a moment."


class DatabaseUnavailable(ApiError):
    """The database does not answer; nothing was changed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "database_unavailable"
    detail = "The service cannot reach its database. Nothing was changed; try again in a moment."


class OutcomeUnknown(ApiError):
    """The connection was lost during COMMIT: the change may or may not have happened, so nobody repeats it unasked."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "outcome_unknown"
    detail = "The connection to the database was lost at the last moment. Check whether the change happened."


class SecretUnreadable(ApiError):
    """No configured key opens this account's second factor; that never counts as having none."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "secret_unreadable"
    detail = "This account's second factor cannot be read at the moment. Ask whoever runs this service."


class Draining(ApiError):
    """This process is about to end; whoever balances the load shall look elsewhere."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "draining"
    detail = "This server is about to end. Another one answers."


class MetricsForbidden(ApiError):
    """Counters tell an attacker what works; without a token they are for this machine alone."""

    status = HTTPStatus.FORBIDDEN
    code = "metrics_forbidden"
    detail = "Without METRICS_TOKEN the metrics answer callers on the same machine only."


class InternalError(ApiError):
    """A fault of ours; the log has the details under the request's id."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "internal_error"
    detail = "Something went wrong on our side. Nothing more is known here; the log has it."
