"""The front page: who am I, and what is worth doing next."""

from datetime import datetime, timedelta

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import Account, Device
from FlaskProject.signed_in.identity import api, current_account, tokens

pages = Blueprint("home", __name__)

FEW_CODES = 3
# The account and its session are written in one transaction, each at its own moment.
SAME_SIGN_IN = timedelta(seconds=2)


@pages.get("/")
def home() -> ResponseReturnValue:
    """Greet whoever is signed in, or explain what this is."""
    if not tokens().sent:
        return render_template("welcome.html", account=None)
    account = current_account()
    elsewhere = _later_sign_in(account)
    where = _device_since(elsewhere) if elsewhere else None
    return render_template("home.html", account=account, advice=_advice(account), elsewhere=elsewhere, where=where)


@pages.get("/.well-known/change-password")
def change_password() -> ResponseReturnValue:
    """Lead password managers to the form they ask for."""
    return redirect(url_for("security.show", _anchor="password"))


def _advice(account: Account) -> list[str]:
    """Name what is worth doing next, most urgent first."""
    worth_doing = {
        "totp": not account.totp_enabled,
        "codes": account.totp_enabled and account.recovery_codes_left <= FEW_CODES,
        "email": not account.email_verified,
        "phrase": account.phrase_is_default,
    }
    return [name for name, worth in worth_doing.items() if worth]


def _later_sign_in(account: Account) -> datetime | None:
    """Return when somebody signed in after this browser did, if anybody."""
    last = account.last_login_at
    return last if last and last - account.session.created_at > SAME_SIGN_IN else None


def _device_since(moment: datetime) -> Device | None:
    """Return the device that signed in at a moment, unless it has signed out again."""
    return next((device for device in api().devices() if abs(device.created_at - moment) <= SAME_SIGN_IN), None)
