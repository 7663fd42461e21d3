"""Why somebody is not let in: the password, the second step, the token, the session."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.errors.family import ApiError

LOGIN_TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.signature"  # an example
SECOND_STEP = {"login_token": LOGIN_TOKEN, "trust_seconds": 2592000}  # likewise


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


class LoginTokenInvalid(ApiError, code="login_token_invalid"):
    """The first step's proof has expired, was used, or no longer fits the account."""

    detail = "This sign-in took too long or was already completed. Start again with your password."


class AccountDisabled(ApiError, code="account_disabled"):
    """Said only after a right password."""

    detail = "This account has been disabled. Ask whoever runs this service."


class EmailUnverified(ApiError, code="email_unverified"):
    """Said only after a right password and code; the link to confirm the address has been sent again."""

    detail = "Confirm your email address first: open the link in the mail that we have sent you."


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
