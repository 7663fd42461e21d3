"""Pages for what goes wrong: plain words, no trace, the right status."""

import logging
from http import HTTPStatus

from flask import Flask, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.messages import has_text, sentence_for
from FlaskProject.rendering.own_paths import here, own_path, worth_carrying
from FlaskProject.rendering.times import in_time
from FlaskProject.signed_in.identity import account_if_any, tokens

log = logging.getLogger(__name__)

# Pages that say no before anybody is known, or because something is badly wrong, ask the API nothing.
KNOWS_VISITOR = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}


def init_error_pages(app: Flask) -> None:
    """Answer what can go wrong with a page, but for an API that is away: that has to do with forms."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Refusal, _refusal)


def error_page(status: int, name: str | None = None) -> ResponseReturnValue:
    """Show the page of a status, or of a named case of it."""
    name = name or str(int(status))
    name = name if has_text(f"error.{name}.title") else "other"
    tokens().answering = True
    account = account_if_any() if status in KNOWS_VISITOR else None
    return render_template("error.html", name=name, account=account), status


def log_outage(outage: BackendUnavailable) -> None:
    """Tell the operator what the visitor is not told."""
    log.warning("api_unavailable", extra={"fields": {"reason": str(outage)}})


def leave_for_login(address: str | None = None) -> ResponseReturnValue:
    """Send the visitor to sign in and come back; the cookies stay, for another tab may just have got new ones."""
    target = own_path(address or here(), request.script_root)
    return redirect(url_for("sessions.login", next=worth_carrying(target)))


def retry_headers(seconds: int | None) -> dict[str, str]:
    """Pass the API's advice on when to come back."""
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _refusal(refusal: Refusal) -> ResponseReturnValue:
    tokens().answering = True
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        return leave_for_login()
    sentence = sentence_for(refusal.code, wait=in_time(refusal.retry_after or 60))
    page = render_template("error.html", name="refused", account=account_if_any(), reason=sentence)
    return page, refusal.status, retry_headers(refusal.retry_after)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    response = make_response(error_page(error.code))
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = error.get_response().headers.get("Allow", "")
    return response
