"""The address: confirmed, changed and taken back, by links from mails."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import submission
from FlaskProject.mail_links.links import button_page, open_link, use_link
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.identity import api
from FlaskProject.views.profile import profile_page

pages = Blueprint("emails", __name__, url_prefix="/email")

verify_page, change_page, revert_page = button_page("verify"), button_page("change"), button_page("revert")


@pages.get("/verify")
def verify() -> ResponseReturnValue:
    """Show the button that confirms an address."""
    return open_link("verify", verify_page, otherwise="home.home")


@pages.post("/verify")
@submission(verify_page)
def verify_email(form: Form) -> ResponseReturnValue:
    """Confirm an address; no need to sign in."""
    return use_link("verify", lambda: api().verify_email(form.text("token")))


@pages.get("/change")
def change() -> ResponseReturnValue:
    """Show the button that switches to a new address."""
    return open_link("change", change_page, otherwise="home.home")


@pages.post("/change")
@submission(change_page)
def confirm_change(form: Form) -> ResponseReturnValue:
    """Switch to a new address."""
    return use_link("change", lambda: api().confirm_email_change(form.text("token")))


@pages.get("/revert")
def revert() -> ResponseReturnValue:
    """Show the button that takes an account back to the address that it had."""
    return open_link("revert", revert_page, otherwise="home.home")


@pages.post("/revert")
@submission(revert_page)
def revert_email(form: Form) -> ResponseReturnValue:
    """Take an account back to the address that it had."""
    return use_link("revert", lambda: api().revert_email(form.text("token")))


@pages.post("/verification")
@submission(profile_page)
def send_verification(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Send the mail that confirms the address once more."""
    api().send_verification()
    return tell_at("profile.show", "email-title", "verification.sent")


@pages.get("/verification")
def back() -> ResponseReturnValue:
    """Bring a reload of the form's own address back to the profile."""
    return redirect(url_for("profile.show", _anchor="email-title"))
