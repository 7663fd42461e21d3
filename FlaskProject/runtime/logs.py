"""One JSON line a request on stdout, and the id that ties it to the API's line."""

import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import click
from flask import cli, has_request_context, request

from FlaskProject.runtime.log_writer import BackgroundStdout

REQUEST_ID = "pupero.request_id"
PAGES_LOG = "FlaskProject"
PROBE = "/readyz"  # asked every second by balancers
LONGEST_FACT = 200


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, which no newline in a path can split; fields are named as the API's."""

    def format(self, record: logging.LogRecord) -> str:
        """Lay the record's own fields beside time, level and message, and say which request it is about."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if has_request_context():
            line |= _request_facts(request.environ)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class RequestLog:
    """Wraps the application: makes the request's id, then writes its line."""

    def __init__(self, wrapped: WSGIApplication) -> None:
        """Remember what is wrapped."""
        self._wrapped = wrapped

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request and log it."""
        started = time.perf_counter()
        # Made here, always: a visitor's own id could forge the trail of somebody else's request.
        environ[REQUEST_ID] = secrets.token_hex(8)
        status = "500"

        def start_and_note(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., object]:  # noqa: ANN401 WSGI's
            nonlocal status
            status = line.split(" ", 1)[0]
            return start_response(line, [*headers, ("X-Request-ID", environ[REQUEST_ID])], exc_info)

        try:
            return self._wrapped(environ, start_and_note)
        finally:
            _write_line(environ, int(status), time.perf_counter() - started)


def init_logs() -> None:
    """Send our log to stdout as JSON, once a process."""
    log = logging.getLogger(PAGES_LOG)
    if not log.handlers:
        handler = BackgroundStdout()
        handler.setFormatter(JsonLines())
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False


def log_refusal(reason: str, **facts: str | None) -> None:
    """Tell the operator why a request got no further; what it claimed itself is cut short."""
    shown = {name: value[:LONGEST_FACT] for name, value in facts.items() if value is not None}
    logging.getLogger(PAGES_LOG).warning("request_refused", extra={"fields": {"reason": reason, **shown}})


def quiet_development_server() -> None:
    """Keep Flask's server from telling each request twice, query included: a mail's link holds its token there."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    cli.show_server_banner = _tell_address


def _tell_address(debug: bool, app_import_path: str | None) -> None:  # noqa: ARG001 what the server's own is given
    """Log where `flask run` serves the pages, which its server would have said."""
    options = click.get_current_context().params
    host = f"[{options['host']}]" if ":" in options["host"] else options["host"]
    url = f"{'https' if options['cert'] else 'http'}://{host}:{options['port']}"
    logging.getLogger(PAGES_LOG).info("serving", extra={"fields": {"url": url}})


def _write_line(environ: WSGIEnvironment, status: int, seconds: float) -> None:
    if environ.get("PATH_INFO") == PROBE and status == HTTPStatus.OK:
        return
    fields = {
        "method": environ.get("REQUEST_METHOD", ""),
        "path": environ.get("PATH_INFO", ""),
        "status": status,
        "latency_ms": round(seconds * 1000, 2),
    }
    logging.getLogger(PAGES_LOG).info("request", extra={"fields": fields | _request_facts(environ)})


def _request_facts(environ: WSGIEnvironment) -> dict[str, str]:
    return {"client": environ.get("REMOTE_ADDR", ""), "request_id": environ.get(REQUEST_ID, "")}
