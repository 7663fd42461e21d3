"""The front page: who am I, and what is worth doing next."""

from datetime import datetime, timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import Account, Device
from FlaskProject.signed_in.belongings import own_devices
from FlaskProject.signed_in.identity import current_account, services, tokens
from FlaskProject.signed_in.session_cookies import is_secure, named

pages = Blueprint("home", __name__)

FEW_CODES = 3
# The account and its session are written in one transaction, each at its own moment.
SAME_SIGN_IN = timedelta(seconds=2)
NO_PASSKEY = "no_passkey"  # the cookie of whoever wants to be advised of none
LONGEST_COOKIE = timedelta(days=400)  # browsers keep none for longer (RFC 6265bis, section 5.5)


@pages.get("/")
def home() -> ResponseReturnValue:
    """Greet whoever is signed in, or explain what this is."""
    if not tokens().sent:
        return render_template("welcome.html", account=None)
    account = current_account("last_sign_in")
    elsewhere = _later_sign_in(account)
    where = _device_of(account, elsewhere) if elsewhere else None
    values = {"advice": _advice(account), "advise_passkey": _advises_passkey(account)}
    return render_template("home.html", account=account, elsewhere=elsewhere, where=where, **values)


@pages.post("/no-passkey")
def no_passkey() -> ResponseReturnValue:
    """Advise no passkey any more in this browser."""
    response = make_response(redirect(url_for("home.home")))
    secure = is_secure(services().config)
    name = named(NO_PASSKEY, secure=secure)
    response.set_cookie(name, "1", max_age=LONGEST_COOKIE, secure=secure, httponly=True, samesite="Lax")
    return response


@pages.get("/.well-known/change-password")
def change_password() -> ResponseReturnValue:
    """Lead password managers to the form they ask for."""
    return redirect(url_for("security.show", _anchor="current_password"))


def _advice(account: Account) -> list[str]:
    """Name what is worth doing next, most urgent first."""
    worth_doing = {
        "totp": not account.has_factor,
        "codes": account.has_factor and account.recovery_codes_left <= FEW_CODES and not account.misses_codes,
        "email": not account.email_verified,
        "phrase": account.phrase_is_default,
    }
    return [name for name, worth in worth_doing.items() if worth]


def _advises_passkey(account: Account) -> bool:
    return not account.passkeys and named(NO_PASSKEY, secure=is_secure(services().config)) not in request.cookies


def _later_sign_in(account: Account) -> datetime | None:
    """Return when somebody signed in after this browser did, if anybody."""
    last = account.last_login_at
    return last if last and last - account.session.created_at > SAME_SIGN_IN else None


def _device_of(account: Account, sign_in: datetime) -> Device | None:
    """Return the device of the latest sign-in, unless it has signed out again."""
    if account.included:
        return account.included.last_sign_in
    # As of an API that is still to be upgraded.
    return next((device for device in own_devices() if abs(device.created_at - sign_in) <= SAME_SIGN_IN), None)
