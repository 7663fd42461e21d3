"""Signing other devices out."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import submission
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.identity import api
from FlaskProject.views.security import security_page

pages = Blueprint("devices", __name__, url_prefix="/security/sessions")


@pages.post("/<session_id>/end")
@submission(security_page, reauthenticates=True)
def end(form: Form, session_id: str) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Sign one device out."""
    api().end_device(session_id)
    return _done("device.ended")


@pages.post("/end-others")
@submission(security_page, reauthenticates=True)
def end_others(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Sign every other device out."""
    api().end_other_devices()
    return _done("devices.ended")


def _done(message: str) -> ResponseReturnValue:
    return tell_at("security.show", "sessions", message)
