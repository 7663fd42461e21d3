"""The second factor: on, off, and the codes for the day the phone is gone."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import RecoveryCodes
from FlaskProject.backend.http import Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import ask_again, stands_at, take_form
from FlaskProject.forms.submissions import submission
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.identity import api, current_account, know
from FlaskProject.views.new_codes import CODES, codes_page, lead_to_codes
from FlaskProject.views.security import security_page

pages = Blueprint("totp", __name__, url_prefix="/security/totp")

PLACE = ("security.show", "totp")


@stands_at("totp.set_up")
def enrolment_page(form: Form | None = None) -> str:
    """Show the picture, the same secret in letters, and the field for the first code."""
    enrolment = api().start_totp()
    know(enrolment.account)
    values = {"account": current_account(), "enrolment": enrolment}
    return render_template("totp_start.html", form=form or take_form(), **values)


@pages.get("/start")
def set_up() -> ResponseReturnValue:
    """Show the set-up that was begun, the same for as long as it is good.

    Finding and installing an app takes some people longer than a sign-in stays fresh: whoever mistypes the code then
    gives the password once more, and finds the same picture again.
    """
    try:
        return enrolment_page()
    except Refusal as refusal:
        if refusal.code == "reauthentication_required":
            return ask_again(take_form().without_fields(), url_for("totp.start"))
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            raise
        return tell_at(*PLACE, f"api.{refusal.code}", "warning")


@pages.post("/start")
@submission(security_page, reauthenticates=True)
def start(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Begin, if it is still you: its page has an address, but shows the secret in a fresh sign-in only."""
    api().start_totp()
    return redirect(url_for("totp.set_up"))


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


@pages.get("/recovery-codes")
def codes() -> ResponseReturnValue:
    """Show the codes that have just been made, for some minutes or until they are said to be saved."""
    return codes_page()


@pages.post("/recovery-codes")
@submission(security_page, reauthenticates=True)
def new_recovery_codes(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Replace the recovery codes and show the new ones, this once."""
    return _codes_page(api().new_recovery_codes, "codes.replaced")


@pages.post("/saved")
@submission(security_page)
def saved(form: Form) -> ResponseReturnValue:
    """Go on once the codes are in a safe place; until then they stay in view."""
    if not form.ticked("saved"):
        return redirect(url_for("totp.codes"), HTTPStatus.SEE_OTHER)
    code_set = form.text("code_set")  # an API that is still to be upgraded named none
    is_newest = not code_set or api().note_saved_codes(code_set)
    CODES.forget()
    return tell_at(*PLACE, "codes.saved") if is_newest else tell_at(*PLACE, "codes.replaced_since", "warning")


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
    return lead_to_codes(made, what_happened, account.name)
