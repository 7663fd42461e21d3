"""The history: what happened to the account, and taking back what somebody else did."""

from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import History
from FlaskProject.backend.http import Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import ASKED, asked_form, leave, stands_at, take_form
from FlaskProject.forms.submissions import View, submission
from FlaskProject.mail_links.looks import effects_of_disowning
from FlaskProject.rendering.happenings import describe, title_of
from FlaskProject.rendering.telling import tell
from FlaskProject.signed_in.identity import api, current_account, know, sign_out

pages = Blueprint("history", __name__, url_prefix="/security/history")

A_PAGE = 25  # events

# What a person may ask for, and the kinds of events that it means: each with all below it.
PARTS = {
    "sign_ins": ("session", "sessions", "sign_ins", "proof"),
    "password": ("password",),
    "address": ("email",),
    "factor": ("factor", "passkey", "recovery_codes", "recovery_code", "device"),
    "account": ("username", "phrase", "language", "account", "event"),
}
SPEAKS_OF_THE_VISITOR = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}  # not of what was asked for


@pages.get("", endpoint="show")
@stands_at("history.show")
def history_page(form: Form | None = None) -> str:
    """Show a page of what happened, of everything or one part of it."""
    part, before = request.args.get("part", ""), request.args.get("before") or None
    history, is_newest = _list(before, PARTS.get(part, ()))
    know(history.account)
    values = {"entries": [describe(event) for event in history.events], "next": history.next, "is_newest": is_newest}
    choices = {"part": part if part in PARTS else None, "choices": [None, *PARTS]}
    account = current_account()
    return render_template("history.html", form=form or take_form(), account=account, **choices, **values)


@pages.post("/<event_id>/confirm")
@submission(history_page)
def confirm(form: Form, event_id: str) -> ResponseReturnValue:  # noqa: ARG001 it stands in the form's address
    """Lead to what "this was not me" does to this event, before it is done."""
    return leave(form, disown_page, ASKED)


def _at_event(form: Form) -> str:
    if _is_history(form):
        return url_for("history.show")
    return url_for("history.asked", event_id=(request.view_args or {})["event_id"])


def _is_history(form: Form) -> bool:
    """Tell whether there is nothing to take back."""
    return not form.text("kind") or form.refused_as == "event_not_found"


@pages.get("/<event_id>/confirm")
def asked(event_id: str) -> ResponseReturnValue:  # noqa: ARG001 it stands in the form's address
    """Say it, as often as the page is loaded, to whoever has asked for it."""
    form, kept = take_form(), asked_form()
    if kept and not form.failed:
        form, _ = kept
    return redirect(url_for("history.show")) if _is_history(form) else disown_page(form)


@stands_at(_at_event)
def disown_page(form: Form) -> str:
    """Show what is taken back and what follows; where there is nothing to take back, the history."""
    kind = form.text("kind")
    if _is_history(form):
        return history_page(form)
    values = {"kind": kind, "title": title_of(kind), "effects": effects_of_disowning(kind)}
    event_id = (request.view_args or {})["event_id"]
    return render_template("disown.html", form=form, account=current_account(), event_id=event_id, **values)


def twice(view: View) -> View:
    """Let the second press of a button say what the first did: it finds its session ended."""

    @wraps(view)
    def answer(**path: Any) -> ResponseReturnValue:  # noqa: ANN401 whatever the route holds
        try:
            return view(**path)
        except Refusal as refusal:
            if refusal.code != "session_ended":
                raise
            tell("history.disown.ended", "warning")
            return redirect(url_for("sessions.login"))

    return answer


@pages.post("/<event_id>/disown")
@twice
@submission(disown_page, reauthenticates=True)
def disown(form: Form, event_id: str) -> ResponseReturnValue:  # noqa: ARG001 it says what to show when refused
    """Take it back, and end every session."""
    api().disown_event(event_id)
    sign_out()
    tell("link.disown.done")
    return redirect(url_for("sessions.login"))


@pages.get("/<path:step>")
def back(step: str) -> ResponseReturnValue:  # noqa: ARG001 any of the forms' addresses
    """Bring a reload of a form's own address back to the history."""
    return redirect(url_for("history.show"))


def _list(before: str | None, kinds: tuple[str, ...]) -> tuple[History, bool]:
    """Return a page of events, and whether it is the newest: also in place of one before what is no event."""
    if before is not None:
        try:
            return api().history(before, kinds, A_PAGE), False
        except Refusal as refusal:
            if refusal.status in SPEAKS_OF_THE_VISITOR:
                raise
    return api().history(None, kinds, A_PAGE), True
