"""Opening an account, and closing it for good."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import stands_at, take_form
from FlaskProject.forms.submissions import submission
from FlaskProject.rendering.error_pages import log_outage
from FlaskProject.rendering.telling import tell
from FlaskProject.signed_in.identity import account_if_any, api, current_account, sign_in, sign_out
from FlaskProject.views.mailed import lead_to_mailed, mailed_page

pages = Blueprint("accounts", __name__)


@stands_at("accounts.register")
def register_page(form: Form) -> str:
    """Show the form that opens an account."""
    return render_template("register.html", form=form, account=None)


@pages.get("/account/delete", endpoint="delete")
@stands_at("accounts.delete", awaits_sign_in=True)
def delete_page(form: Form | None = None) -> str:
    """Show what deletion takes away, and the form that does it."""
    account = current_account()
    return render_template("delete.html", form=form or take_form(), account=account)


@pages.get("/register")
def register() -> ResponseReturnValue:
    """Offer an account to whoever has none open."""
    if account_if_any():
        return redirect(url_for("home.home"))
    return register_page(take_form())


@pages.post("/register")
@submission(register_page)
def open_account(form: Form) -> ResponseReturnValue:
    """Open an account and sign in to it at once."""
    form.require("email", "password")
    taken = None
    try:
        api().register(form.text("email"), form.text("username"), form.text("password"))
    except Refusal as refusal:
        if refusal.code != "email_taken":
            raise
        # A first click may have opened it, its answer unseen.
        taken = refusal
    try:
        sign_in(api().log_in(form.text("email"), form.text("password"), remember_me=False))
    except (Refusal, BackendUnavailable) as failure:
        return _not_signed_in(failure, taken, form.text("email"))
    tell("registered")
    return redirect(url_for("home.home"))


@pages.get("/register/mailed")
def mailed() -> ResponseReturnValue:
    """Say where the mail went that opens the way in."""
    return mailed_page("registered", "accounts.register")


@pages.post("/account/delete")
@submission(delete_page)
def delete_account(form: Form) -> ResponseReturnValue:
    """Erase the account."""
    form.require("current_password", "confirm")
    api().delete_account(form.text("current_password"), form.factor("totp"))
    sign_out()
    return redirect(url_for("accounts.deleted"))


@pages.get("/account/deleted")
def deleted() -> ResponseReturnValue:
    """Say that it is done; whoever is signed in has an account still, and is not to be frightened by a link."""
    if account_if_any():
        return redirect(url_for("home.home"))
    return render_template("deleted.html", account=None)


def _not_signed_in(failure: Refusal | BackendUnavailable, taken: Refusal | None, email: str) -> ResponseReturnValue:
    """Say what became of an account that cannot be signed in to; a taken one is refused to who has not its password."""
    if taken:
        raise (failure if failure.code == "email_unverified" else taken) from None
    if isinstance(failure, BackendUnavailable):
        log_outage(failure)
        tell("registered.away", "warning")
        return redirect(url_for("sessions.login"))
    # One sentence whatever the reason: where addresses are kept secret, a wrong password here means a taken one.
    return lead_to_mailed("accounts.mailed", email)
