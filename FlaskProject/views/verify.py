"""What a proxy asks before it serves a page of another application: who is there, and whether that is enough."""

from http import HTTPStatus

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forward_auth.asked import is_navigation, read_asked
from FlaskProject.forward_auth.identity_headers import identity_headers
from FlaskProject.forward_auth.rule import Rule, read_rule
from FlaskProject.messages import t
from FlaskProject.rendering.error_pages import log_outage, retry_headers
from FlaskProject.signed_in.identity import account_if_any, account_without_refresh, tokens

pages = Blueprint("verify", __name__, url_prefix="/auth")


@pages.get("/verify")
def verify() -> ResponseReturnValue:
    """Answer 200 and who is there; else 401 or 403, or with `redirect` the way to what is missing; 503 if unknown.

    No answer takes cookies away, and only one that the proxy hands on as a whole brings new ones.
    """
    rule = read_rule(request.args)
    try:
        return _answer(rule)
    except Refusal as refusal:
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            return _lead_to("sessions.login", rule, HTTPStatus.UNAUTHORIZED, "verify.signed_out")
        return _nobody_knows(refusal.retry_after)
    except BackendUnavailable as outage:
        log_outage(outage)
        return _nobody_knows(outage.retry_after)


@pages.get("/denied")
def denied() -> ResponseReturnValue:
    """Say that another role is needed, and offer to sign in as somebody else."""
    return render_template("error.html", name="denied", account=account_if_any()), HTTPStatus.FORBIDDEN


def _answer(rule: Rule) -> ResponseReturnValue:
    try:
        account = account_without_refresh()
    except Refusal as refusal:
        if refusal.code == "signed_out" and tokens().refresh and rule.redirects and read_asked().can_be_repeated:
            return _refresh()
        raise
    if rule.role not in {None, account.role}:
        return _lead_to("verify.denied", rule, HTTPStatus.FORBIDDEN, "verify.role")
    if rule.second_factor and not account.showed_factor:
        return _lead_to("step_up.show", rule, HTTPStatus.UNAUTHORIZED, "verify.factor")
    return _text("verify.passed", HTTPStatus.OK, identity_headers(account))


def _refresh() -> ResponseReturnValue:
    """Let the browser ask once more with new tokens, which are used once they are there; a form that it sent, too."""
    tokens().renewed_access_token()
    return redirect(read_asked().address, HTTPStatus.TEMPORARY_REDIRECT)


def _lead_to(endpoint: str, rule: Rule, status: HTTPStatus, sentence: str) -> ResponseReturnValue:
    """Lead a person to a page of ours, where the proxy's rule lets us, and answer everything else by its status."""
    way = read_asked().way_to(endpoint) if rule.redirects and is_navigation() else None
    return redirect(way) if way else _text(sentence, status)


def _nobody_knows(retry_after: int | None) -> ResponseReturnValue:
    return _text("verify.unavailable", HTTPStatus.SERVICE_UNAVAILABLE, retry_headers(retry_after))


def _text(sentence: str, status: HTTPStatus, headers: dict[str, str] | None = None) -> Response:
    """Answer in a line of text: what stands before us may be another host, where our pages' style is not."""
    return Response(t(sentence), status, headers, mimetype="text/plain")
