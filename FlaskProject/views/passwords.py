"""The forgotten password."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.forms import Form
from FlaskProject.identity import account_if_any, api
from FlaskProject.submissions import require, submission

pages = Blueprint("passwords", __name__, url_prefix="/password")


def forgot_page(form: Form) -> str:
    """Show the form that asks for a reset mail."""
    return render_template("forgot.html", form=form, account=account_if_any())


@pages.get("/forgot")
def forgot() -> ResponseReturnValue:
    """Offer a reset mail."""
    return forgot_page(Form())


@pages.post("/forgot")
@submission(forgot_page)
def request_reset(form: Form) -> ResponseReturnValue:
    """Ask for the mail, and say the same to everybody."""
    require(form, "email")
    api().request_password_reset(form.text("email"))
    flash("reset.requested", "done")
    return redirect(url_for("passwords.forgot"))


@pages.get("/reset")
def reset() -> ResponseReturnValue:
    """Lead whoever comes without a mail's link to where the mail is asked for."""
    return redirect(url_for("passwords.forgot"))
