"""Passkeys of the account: added, named, removed; and what the script of the pages asks for them."""

from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import Ceremony
from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import leave, stands_at, take_form
from FlaskProject.forms.outages import outage_sentence
from FlaskProject.forms.submissions import require_passkey, submission
from FlaskProject.messages import sentence_for
from FlaskProject.rendering.error_pages import log_outage
from FlaskProject.rendering.telling import tell_at
from FlaskProject.rendering.times import in_time
from FlaskProject.signed_in.identity import api, current_account, token_cookies
from FlaskProject.signed_in.session_cookies import LOGIN_STEP
from FlaskProject.views.new_codes import lead_to_codes
from FlaskProject.views.passkey_news import note_change
from FlaskProject.views.security import security_page

pages = Blueprint("passkeys", __name__)

PLACE = ("security.show", "passkeys")


@pages.get("/security/passkeys/add", endpoint="add")
@stands_at("passkeys.add", awaits_sign_in=True)
def add_page(form: Form | None = None) -> str:
    """Ask for a name, and offer the button behind which the browser makes a passkey; password managers lead here."""
    account = current_account()
    return render_template("passkey_add.html", form=form or take_form(), account=account)


@pages.post("/security/passkeys/start")
@submission(security_page, reauthenticates=True)
def start(form: Form) -> ResponseReturnValue:
    """Lead to the page that adds a passkey, unless the API would refuse one: asked before anybody touches a key."""
    api().start_passkey()
    return leave(form, add_page)


@pages.post("/security/passkeys/add")
@submission(add_page)
def keep(form: Form) -> ResponseReturnValue:
    """Keep the passkey that the browser made; the first factor brings recovery codes, shown this once."""
    form.require("name")
    # Asked first: if this failed behind the change, nobody would see the codes.
    account = current_account()
    made = api().add_passkey(form.text("name"), require_passkey(form))
    note_change()
    if made.recovery_codes:
        return lead_to_codes(made, "passkey.added", account.name)
    return tell_at(*PLACE, "passkey.added")


@pages.post("/security/passkeys/<passkey_id>/rename")
@submission(security_page, reauthenticates=True)
def rename(form: Form, passkey_id: str) -> ResponseReturnValue:
    """Call a passkey by another name."""
    form.require("name")
    api().rename_passkey(passkey_id, form.text("name"))
    return tell_at(*PLACE, "passkey.renamed")


@pages.post("/security/passkeys/<passkey_id>/remove")
@submission(security_page, reauthenticates=True)
def remove(form: Form, passkey_id: str) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Let a passkey open the account no more."""
    account = current_account()
    api().remove_passkey(passkey_id)
    note_change()
    is_last = account.passkeys == 1 and not account.totp_enabled
    return tell_at(*PLACE, "passkey.removed.last" if is_last else "passkey.removed")


@pages.post("/login/passkey/options")
def login_options() -> ResponseReturnValue:
    """Give the script the question for whoever wants to sign in without a name."""
    return _options(lambda: api().start_passkey_login())


@pages.post("/login/code/passkey/options")
def code_options() -> ResponseReturnValue:
    """Give the script the question for whoever has just given the right password."""
    return _options(lambda: api().start_passkey_login(token_cookies().read(request, LOGIN_STEP) or ""))


@pages.post("/security/passkeys/options")
def new_options() -> ResponseReturnValue:
    """Give the script what a new passkey is to be made of; when refused, it comes by way of `start` once more."""
    return _options(lambda: api().start_passkey())


@pages.post("/reauthenticate/passkey/options")
def proof_options() -> ResponseReturnValue:
    """Give the script the question that proves who is there, alone or beside a password."""
    return _options(lambda: api().start_passkey_proof(with_password="with_password" in request.form))


@pages.get("/.well-known/passkey-endpoints")
def endpoints() -> ResponseReturnValue:
    """Tell password managers where passkeys are made and looked after."""
    manage = url_for("security.show", _anchor="passkeys", _external=True)
    return {"enroll": url_for("passkeys.add", _external=True), "manage": manage}


def _options(start: Callable[[], Ceremony]) -> ResponseReturnValue:
    """Answer the script: with a ceremony, or with the sentence that says why there is none."""
    try:
        return asdict(start())
    except Refusal as refusal:
        return {"sentence": sentence_for(refusal.code, wait=in_time(refusal.retry_after or 60))}, refusal.status
    except BackendUnavailable as outage:
        log_outage(outage)
        return {"sentence": outage_sentence(outage)}, HTTPStatus.SERVICE_UNAVAILABLE
