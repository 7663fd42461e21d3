"""The security page: password, second factor and devices in one place."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import require, submission
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.identity import api, current_account, tokens
from FlaskProject.views.passkey_news import changed_passkeys

pages = Blueprint("security", __name__, url_prefix="/security")


def security_page(form: Form) -> str:
    """Show everything that guards the account."""
    account = current_account()
    # Without any, only a browser that has just helped to remove the last one has to hear of it.
    passkeys = changed_passkeys() or (api().passkeys() if account.passkeys else None)
    devices = sorted(api().devices(), key=lambda device: (not device.current, -device.last_seen_at.timestamp()))
    return render_template("security.html", form=form, account=account, devices=devices, passkeys=passkeys)


@pages.get("")
def show() -> ResponseReturnValue:
    """Show the security page."""
    return security_page(Form())


@pages.post("/password")
@submission(security_page)
def change_password(form: Form) -> ResponseReturnValue:
    """Change the password: this browser goes on with a new pair, every other device is signed out."""
    require(form, "current_password", "new_password")
    passwords = {name: form.text(name) for name in ("current_password", "new_password")}
    pair = api().update(form.factor("code"), **passwords)
    if pair:
        tokens().keep(pair)
    return tell_at("security.show", "password", "password.changed")


@pages.get("/<path:step>")
def back(step: str) -> ResponseReturnValue:  # noqa: ARG001 any of the forms' addresses
    """Bring a reload of a form's own address back to the security page."""
    return redirect(url_for("security.show"))
