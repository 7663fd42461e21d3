"""The security page: password, second factor and devices in one place."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import require, submission
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.identity import api, current_account, tokens

pages = Blueprint("security", __name__, url_prefix="/security")


def security_page(form: Form) -> str:
    """Show everything that guards the account."""
    account = current_account()
    devices = sorted(api().devices(), key=lambda device: (not device.current, -device.last_seen_at.timestamp()))
    return render_template("security.html", form=form, account=account, devices=devices)


@pages.get("")
def show() -> ResponseReturnValue:
    """Show the security page."""
    return security_page(Form())


@pages.post("/password")
@submission(security_page)
def change_password(form: Form) -> ResponseReturnValue:
    """Change the password: this browser goes on with a new pair, every other device is signed out."""
    require(form, "current_password", "new_password")
    proof = {"current_password": form.text("current_password"), "totp": form.text_if_asked("code")}
    pair = api().update(new_password=form.text("new_password"), **proof)
    if pair:
        tokens().keep(pair)
    return tell_at("security.show", "password", "password.changed")


@pages.get("/<path:step>")
def back(step: str) -> ResponseReturnValue:  # noqa: ARG001 any of the forms' addresses
    """Bring a reload of a form's own address back to the security page."""
    return redirect(url_for("security.show"))
