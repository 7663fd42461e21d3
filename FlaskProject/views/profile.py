"""The profile: the phrase, the name, the address, and all that there is about somebody in one file."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import stands_at, take_form
from FlaskProject.forms.submissions import submission
from FlaskProject.rendering.downloads import pass_on
from FlaskProject.rendering.error_pages import log_outage
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.identity import api, current_account
from FlaskProject.views.passkey_news import changed_passkeys, is_changed, note_change

pages = Blueprint("profile", __name__)


@pages.get("/profile", endpoint="show")
@stands_at("profile.show", awaits_sign_in=True)
def profile_page(form: Form | None = None) -> str:
    """Show the forms."""
    account = current_account(*(["passkeys"] if is_changed() else []))
    passkeys = changed_passkeys() if account.passkeys else None
    return render_template("profile.html", form=form or take_form(), account=account, passkeys=passkeys)


@pages.post("/profile/phrase")
@submission(profile_page, reauthenticates=True)
def change_phrase(form: Form) -> ResponseReturnValue:
    """Change the phrase that proves a page or a mail is ours."""
    form.require("phrase")
    if form.text("phrase") == current_account().phrase:
        return tell_at("profile.show", "phrase-title", "phrase.unchanged")
    # Whoever sets the phrase can dress up as us. What has just been proved is not asked again: by a clock ahead of the
    # API's even that is over, and we would ask for ever.
    if "current_password" not in form.values and not current_account().is_fresh:
        raise Refusal(403, "reauthentication_required")
    api().update(phrase=form.text("phrase"))
    return tell_at("profile.show", "phrase-title", "phrase.changed")


@pages.post("/profile/username")
@submission(profile_page)
def change_username(form: Form) -> ResponseReturnValue:
    """Change the name to sign in with."""
    form.require("username")
    if form.text("username") == current_account().username:
        return tell_at("profile.show", "username-title", "username.unchanged")
    api().update(username=form.text("username"))
    note_change()
    return tell_at("profile.show", "username-title", "username.changed")


@pages.post("/profile/email")
@submission(profile_page)
def change_email(form: Form) -> ResponseReturnValue:
    """Change the address, which takes the password, and the code unless it has just been given."""
    form.require("new_email", "current_password")
    before, wanted = current_account().email, form.text("new_email")
    if wanted == before:
        return tell_at("profile.show", "email-title", "email.unchanged")
    api().update(form.factor("code"), new_email=wanted, current_password=form.text("current_password"))
    note_change()
    return tell_at("profile.show", "email-title", *_what_became_of(before, wanted))


@pages.post("/email/verification")
@submission(profile_page)
def send_verification(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Send the mail that confirms the address once more."""
    api().send_verification()
    return tell_at("profile.show", "email-title", "verification.sent")


@pages.post("/profile/export")
@submission(profile_page, reauthenticates=True)
def export(form: Form) -> ResponseReturnValue:
    """Pass the file on with everything that is stored about the person.

    A browser that is sent a file stays on the page it shows: whoever had to give the password goes back to the
    profile first, and presses the button again.
    """
    if "current_password" in form.values:
        return tell_at("profile.show", "export-title", "export.confirmed")
    return pass_on(api().export())


@pages.get("/profile/<step>")
@pages.get("/email/verification", defaults={"step": "email"})
def back(step: str) -> ResponseReturnValue:
    """Bring a reload of a form's own address back to its part of the profile."""
    return redirect(url_for("profile.show", _anchor=f"{step}-title"))


def _what_became_of(before: str, wanted: str) -> tuple[str, str]:
    """Say whether a change that the API has taken is made, or waits for the new mailbox."""
    try:
        unchanged = api().account().email == before
    except BackendUnavailable as outage:
        log_outage(outage)
        return "email.unseen", "warning"
    waits = unchanged and wanted.strip().casefold() != before.casefold()
    return "email.asked" if waits else "email.changed", "done"
