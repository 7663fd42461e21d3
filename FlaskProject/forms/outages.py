"""What a person gets while the API is away: nothing that was typed is lost."""

from http import HTTPStatus

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from FlaskProject.backend.http import BackendUnavailable
from FlaskProject.forms.form import Form, outage_sentence
from FlaskProject.rendering.error_pages import log_outage, retry_headers


def init_outages(app: Flask) -> None:
    """Answer every page that could not ask the API."""
    app.register_error_handler(BackendUnavailable, unavailable_page)


def unavailable_page(outage: BackendUnavailable, *, resend: bool = True) -> ResponseReturnValue:
    """Say that the API is away, with everything typed kept in a form that tries again, if it may be sent again."""
    log_outage(outage)
    form = Form.from_request() if resend and request.method == "POST" else None
    page = render_template("unavailable.html", form=form, sentence=outage_sentence(outage), account=None)
    return page, HTTPStatus.SERVICE_UNAVAILABLE, retry_headers(outage.retry_after)
