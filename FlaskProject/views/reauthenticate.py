"""The page that asks whether it is still you, between a form and what it is for."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.forms.kept import asked_form
from FlaskProject.rendering.telling import tell
from FlaskProject.signed_in.identity import current_account

pages = Blueprint("reauthenticate", __name__)


@pages.get("/reauthenticate")
def show() -> ResponseReturnValue:
    """Ask for the password; what the person was about to do is told by our own cookie, never by an address."""
    account, asked = current_account(), asked_form()
    if asked is None:
        tell("reauthenticate.over", "warning")
        return redirect(url_for("security.show"))
    form, action = asked
    # The page that the form stood on.
    within = "profile.show" if action.startswith(f"{url_for('profile.show')}/") else "security.show"
    where = {"action": action, "back": url_for(within), "within": within}
    return render_template("reauthenticate.html", form=form, account=account, **where)
