"""Showing a second factor for a page of another application that wants one, and back to it."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.http import Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import stands_at, take_form
from FlaskProject.forms.submissions import reauthenticate, submission
from FlaskProject.messages import t
from FlaskProject.rendering.own_paths import here, worth_carrying
from FlaskProject.rendering.return_addresses import next_address
from FlaskProject.signed_in.identity import current_account, tokens

pages = Blueprint("step_up", __name__, url_prefix="/auth/step-up")


@stands_at(lambda form: url_for("step_up.show", next=next_address(form.text("next"))))
def step_up_page(form: Form) -> str:
    """Ask for password and second factor, or lead an account that has none to where it is set up."""
    account = current_account()
    if not account.has_factor:
        return render_template("step_up.html", account=account)
    where = {"action": here(), "back": url_for("home.home"), "lead": t("step_up.lead")}
    return render_template("reauthenticate.html", form=form, account=account, **where)


@pages.get("", endpoint="show")
def show() -> ResponseReturnValue:
    """Ask, unless this sign-in has shown one already; the way back is kept for a set-up that takes some pages."""
    target = next_address("")
    try:
        account = current_account()
    except Refusal as refusal:
        if refusal.status != HTTPStatus.UNAUTHORIZED:
            raise
        return redirect(url_for("sessions.login", next=worth_carrying(target)))
    if account.showed_factor:
        return _go_on(target)
    session["came_for"] = target
    form = take_form()
    form.values["next"] = target
    return step_up_page(form)


@pages.post("")
@submission(step_up_page)
def step_up(form: Form) -> ResponseReturnValue:
    """Go on in a session that has shown the second factor."""
    tokens().keep(reauthenticate(form))
    return _go_on(next_address(form.text("next")))


def _go_on(target: str) -> ResponseReturnValue:
    session.pop("came_for", None)
    return redirect(target)
