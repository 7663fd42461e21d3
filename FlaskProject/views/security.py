"""The security page: password, second factor and devices in one place."""

from flask import Blueprint, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import stands_at, take_form
from FlaskProject.forms.submissions import submission
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.belongings import own_devices, own_passkeys, own_trusted_devices
from FlaskProject.signed_in.identity import api, current_account, tokens
from FlaskProject.views.passkey_news import changed_passkeys

pages = Blueprint("security", __name__, url_prefix="/security")


@pages.get("", endpoint="show")
@stands_at("security.show", awaits_sign_in=True)
def security_page(form: Form | None = None) -> str:
    """Show everything that guards the account."""
    account = current_account("sessions", "passkeys", "trusted_devices")
    # Without any, only a browser that has just helped to remove the last one has to hear of it.
    passkeys = changed_passkeys() or (own_passkeys() if account.passkeys else None)
    devices = sorted(own_devices(), key=lambda device: (not device.current, -device.last_seen_at.timestamp()))
    values = {"account": account, "devices": devices, "passkeys": passkeys, "came_for": session.get("came_for")}
    values["trusted"] = own_trusted_devices() if account.has_factor else []
    return render_template("security.html", form=form or take_form(), **values)


@pages.post("/password")
@submission(security_page)
def change_password(form: Form) -> ResponseReturnValue:
    """Change the password: this browser goes on with a new pair, every other device is signed out."""
    form.require("current_password", "new_password")
    passwords = {name: form.text(name) for name in ("current_password", "new_password")}
    pair = api().update(form.factor("code"), **passwords)
    if pair:
        tokens().keep(pair)
    return tell_at("security.show", "password", "password.changed")


@pages.post("/sessions/<session_id>/end")
@submission(security_page, reauthenticates=True)
def end_device(form: Form, session_id: str) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Sign one device out."""
    api().end_device(session_id)
    return tell_at("security.show", "sessions", "device.ended")


@pages.post("/sessions/end-others")
@submission(security_page, reauthenticates=True)
def end_other_devices(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Sign every other device out."""
    api().end_other_devices()
    return tell_at("security.show", "sessions", "devices.ended")


@pages.post("/trusted-devices/<device_id>/remove")
@submission(security_page, reauthenticates=True)
def remove_trusted_device(form: Form, device_id: str) -> ResponseReturnValue:  # noqa: ARG001 likewise
    """Ask for the second factor on a device again."""
    api().remove_trusted_device(device_id)
    return tell_at("security.show", "sessions", "trusted.removed")


@pages.get("/<path:step>")
def back(step: str) -> ResponseReturnValue:  # noqa: ARG001 any of the forms' addresses
    """Bring a reload of a form's own address back to the security page."""
    return redirect(url_for("security.show"))
