"""Opening an account, and closing it for good."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import require, submission
from FlaskProject.rendering.error_pages import log_outage
from FlaskProject.rendering.telling import tell
from FlaskProject.signed_in.identity import account_if_any, api, current_account, sign_in, sign_out

pages = Blueprint("accounts", __name__)


def register_page(form: Form) -> str:
    """Show the form that opens an account."""
    return render_template("register.html", form=form, account=None)


def delete_page(form: Form) -> str:
    """Show what deletion takes away, and the form that does it."""
    return render_template("delete.html", form=form, account=current_account())


@pages.get("/register")
def register() -> ResponseReturnValue:
    """Offer an account to whoever has none open."""
    if account_if_any():
        return redirect(url_for("home.home"))
    return register_page(Form())


@pages.post("/register")
@submission(register_page)
def open_account(form: Form) -> ResponseReturnValue:
    """Open an account and sign in to it at once."""
    require(form, "email", "password")
    try:
        api().register(form.text("email"), form.text("username"), form.text("password"))
    except Refusal as refusal:
        return _sign_in_instead(form, refusal)
    return _first_sign_in(form)


@pages.get("/account/delete")
def delete() -> ResponseReturnValue:
    """Explain deletion."""
    return delete_page(Form())


@pages.post("/account/delete")
@submission(delete_page)
def delete_account(form: Form) -> ResponseReturnValue:
    """Erase the account."""
    require(form, "current_password", "confirm")
    api().delete_account(form.text("current_password"), form.factor("totp"))
    sign_out()
    return redirect(url_for("accounts.deleted"))


@pages.get("/account/deleted")
def deleted() -> ResponseReturnValue:
    """Say that it is done; whoever is signed in has an account still, and is not to be frightened by a link."""
    if account_if_any():
        return redirect(url_for("home.home"))
    return render_template("deleted.html", account=None)


def _sign_in_instead(form: Form, taken: Refusal) -> ResponseReturnValue:
    """Sign in to an account that a first click has opened, its answer unseen; refuse whoever has not its password."""
    if taken.code != "email_taken":
        raise taken
    try:
        _sign_in(form)
    except Refusal as refusal:
        raise (refusal if refusal.code == "email_unverified" else taken) from None
    except BackendUnavailable:
        raise taken from None
    tell("registered")
    return redirect(url_for("home.home"))


def _first_sign_in(form: Form) -> ResponseReturnValue:
    try:
        _sign_in(form)
    except Refusal:
        # One sentence whatever the reason: where addresses are kept secret, a wrong password here means a taken one.
        tell("registered.verify")
    except BackendUnavailable as outage:
        log_outage(outage)
        tell("registered.away", "warning")
    else:
        tell("registered")
        return redirect(url_for("home.home"))
    return redirect(url_for("sessions.login"))


def _sign_in(form: Form) -> None:
    sign_in(api().log_in(form.text("email"), form.text("password"), remember_me=False))
