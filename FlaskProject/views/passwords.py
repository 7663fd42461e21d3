"""The forgotten password."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import submission
from FlaskProject.mail_links.links import open_link, use_link
from FlaskProject.rendering.telling import tell
from FlaskProject.signed_in.identity import account_if_any, api

pages = Blueprint("passwords", __name__, url_prefix="/password")


@pages.get("/forgot", endpoint="forgot")
def forgot_page(form: Form | None = None) -> str:
    """Show the form that asks for a reset mail."""
    return render_template("forgot.html", form=form or Form(), account=account_if_any())


def reset_page(form: Form) -> str:
    """Show the form that sets a new password by a mail's link."""
    return render_template("reset.html", form=form, account=account_if_any(), token=form.text("token"))


@pages.post("/forgot")
@submission(forgot_page)
def request_reset(form: Form) -> ResponseReturnValue:
    """Ask for the mail, and say the same to everybody."""
    form.require("email")
    api().request_password_reset(form.text("email"))
    tell("reset.requested")
    return redirect(url_for("passwords.forgot"))


@pages.get("/reset")
def reset() -> ResponseReturnValue:
    """Show the form that a mail's link leads to; without a link, lead to where the mail is asked for."""
    return open_link("reset", reset_page, otherwise="passwords.forgot")


@pages.post("/reset")
@submission(reset_page)
def set_password(form: Form) -> ResponseReturnValue:
    """Set the new password, which signs everybody out and nobody in."""
    form.require("new_password")
    return use_link("reset", lambda: api().reset_password(form.text("token"), form.text("new_password")))
