"""The second factor: on, off, and the codes for the day the phone is gone."""

from collections.abc import Callable

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import RecoveryCodes
from FlaskProject.backend.http import Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import reauthentication_page, submission
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.identity import api, current_account
from FlaskProject.views.new_codes import codes_page
from FlaskProject.views.security import security_page

pages = Blueprint("totp", __name__, url_prefix="/security/totp")

PLACE = ("security.show", "totp")


def enrolment_page(form: Form) -> str:
    """Show the picture, the same secret in letters, and the field for the first code.

    Finding and installing an app takes some people longer than a sign-in stays fresh: whoever mistypes the code then
    gives the password once more, and finds the same picture again.
    """
    try:
        enrolment = api().start_totp()
    except Refusal as refusal:
        if refusal.code != "reauthentication_required":
            raise
        return reauthentication_page(form.without_fields(), url_for("totp.start"))
    return render_template("totp_start.html", form=form, account=current_account(), enrolment=enrolment)


@pages.post("/start")
@submission(security_page, reauthenticates=True)
def start(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Begin; the answer to the POST is itself the page, for its secret must not be had by an address."""
    return enrolment_page(Form())


@pages.post("/confirm")
@submission(enrolment_page)
def confirm(form: Form) -> ResponseReturnValue:
    """Switch the second factor on and show the recovery codes, this once."""
    form.require("code")
    try:
        return _codes_page(lambda: api().confirm_totp(form.text("secret"), form.text("code")), "totp.on")
    except Refusal as refusal:
        if refusal.code not in {"totp_enrolment_invalid", "totp_already_enabled"}:
            raise
        unseen = refusal.code == "totp_already_enabled"
        return tell_at(*PLACE, "totp.on_unseen" if unseen else f"api.{refusal.code}", "warning")


@pages.post("/recovery-codes")
@submission(security_page, reauthenticates=True)
def new_recovery_codes(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Replace the recovery codes and show the new ones, this once."""
    return _codes_page(api().new_recovery_codes, "codes.replaced")


@pages.post("/saved")
@submission(security_page)
def saved(form: Form) -> ResponseReturnValue:
    """Go on once the codes are in a safe place."""
    if not form.ticked("saved"):
        return tell_at(*PLACE, "codes.not_saved", "warning")
    code_set = form.text("code_set")  # an API that is still to be upgraded named none
    if code_set and not api().note_saved_codes(code_set):
        return tell_at(*PLACE, "codes.replaced_since", "warning")
    return tell_at(*PLACE, "codes.saved")


@pages.post("/disable")
@submission(security_page, reauthenticates=True)
def disable(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Switch the second factor off."""
    passkeys = current_account().passkeys
    api().disable_totp()
    return tell_at(*PLACE, "totp.off.passkeys" if passkeys else "totp.off")


def _codes_page(make: Callable[[], RecoveryCodes], what_happened: str) -> ResponseReturnValue:
    # Asked first: if this failed behind the change, codes that nobody can see would be the only ones.
    account = current_account()
    made = make()
    if not made.recovery_codes:  # those that came with a passkey go on
        return tell_at(*PLACE, what_happened)
    return codes_page(made, what_happened, account)
