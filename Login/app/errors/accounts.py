"""Why a change of an account is refused, or what it is about is not there."""

from app.errors.family import ApiError


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


class EmailTaken(ApiError, code="email_taken", status=409):
    """The unique index decided."""

    detail = "An account with this email exists already."


class EmailDomainPrivate(ApiError, code="email_domain_private"):
    """A good address, but of a network that no mail from outside reaches; PRIVATE_EMAIL_DOMAINS can allow it."""

    detail = "Names such as .local, .test and home.arpa exist inside one network only. Give an address of the internet."


class UsernameTaken(ApiError, code="username_taken", status=409):
    """The unique index decided."""

    detail = "This username is taken."


class UsernameReserved(ApiError, code="username_reserved"):
    """It reads as the service's own, or as somebody who speaks for it."""

    detail = "This username could be taken for this service or its staff. Choose another."


class LinkInvalid(ApiError, code="link_invalid"):
    """The link has expired, was used, or no longer fits the account."""

    detail = "This link has expired or was already used. Ask for a new one."


class SessionNotFound(ApiError, code="session_not_found", status=404):
    """Not one of the caller's live sessions."""

    detail = "You have no such session."


class TrustedDeviceNotFound(ApiError, code="trusted_device_not_found", status=404):
    """Not one of the caller's trusted devices, or not any more."""

    detail = "You trust no such device."


class EventNotFound(ApiError, code="event_not_found", status=404):
    """Not an event of the caller's that can be taken back, or not any more."""

    detail = "There is nothing here that you can take back."
