"""The forgotten password."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import stands_at, take_form
from FlaskProject.forms.submissions import submission
from FlaskProject.mail_links.links import link_address, open_link, use_link
from FlaskProject.mail_links.looks import look
from FlaskProject.signed_in.identity import account_if_any, api
from FlaskProject.views.mailed import lead_to_mailed, mailed_page

pages = Blueprint("passwords", __name__, url_prefix="/password")


@pages.get("/forgot", endpoint="forgot")
@stands_at("passwords.forgot")
def forgot_page(form: Form | None = None) -> str:
    """Show the form that asks for a reset mail."""
    account = account_if_any()
    return render_template("forgot.html", form=form or take_form(), account=account)


@stands_at(link_address)
def reset_page(form: Form) -> str:
    """Show the form that sets a new password by a mail's link."""
    token = form.text("token")
    about = look(token)
    name = about.email if about else None
    return render_template("reset.html", form=form, account=account_if_any(), token=token, name=name)


@pages.post("/forgot")
@submission(forgot_page)
def request_reset(form: Form) -> ResponseReturnValue:
    """Ask for the mail, and say the same to everybody."""
    form.require("email")
    api().request_password_reset(form.text("email"))
    return lead_to_mailed("passwords.mailed", form.text("email"))


@pages.get("/mailed")
def mailed() -> ResponseReturnValue:
    """Say where the mail is on its way to, if there is an account."""
    return mailed_page("reset", "passwords.forgot")


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
