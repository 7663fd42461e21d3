"""What is refused before any view runs: odd hosts, foreign pages, forged origins, strangers while the key is weak."""

import logging
import re
from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadHost

from FlaskProject.config import Config, is_loopback, is_public
from FlaskProject.messages import t
from FlaskProject.rendering.error_pages import error_page
from FlaskProject.rendering.static_files import ENDPOINTS
from FlaskProject.runtime.logs import log_refusal

log = logging.getLogger(__name__)

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-IP", "Forwarded")
# A proxy that sets no X-Forwarded-Prefix lets the visitor's through, and every address of a page begins with it.
PLAIN_ROOT = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")

# All visitors would share the address of a proxy that nobody configured.
IGNORES_PROXIES = "forwarded headers arrive, but TRUSTED_PROXY_COUNT is 0: they are ignored"
SERVES_STRANGERS = "ENVIRONMENT=production is not set, but the internet is served: unsafe settings are not refused"


def init_guards(app: Flask, config: Config) -> None:
    """Stand before every view, and before the CSRF token's check."""
    app.before_request(_named_hosts_only)
    app.before_request(_plain_roots_only)
    app.before_request(_same_site_only)
    if config.secret_key_weakness:
        app.before_request(_this_machine_only)
    elif config.environment != "production":
        # A phone on the same network is no stranger.
        app.before_request(_warning(SERVES_STRANGERS, lambda: is_public(request.remote_addr)))
    if config.trusted_proxy_count == 0:
        app.before_request(_warning(IGNORES_PROXIES, _is_forwarded))


def _named_hosts_only() -> ResponseReturnValue | None:
    """Refuse a Host header that Flask cannot bind its addresses to: no page, not even an error's, could be made."""
    if isinstance(request.routing_exception, BadHost):
        log_refusal("the Host header is no name of a site", host=request.environ.get("HTTP_HOST"))
        return Response(t("error.host"), HTTPStatus.BAD_REQUEST, mimetype="text/plain")
    return None


def _plain_roots_only() -> ResponseReturnValue | None:
    """Refuse to be served under what is no plain path: `//evil.example` before our own addresses leads there."""
    if PLAIN_ROOT.fullmatch(request.script_root):
        return None
    log_refusal("X-Forwarded-Prefix, or SCRIPT_NAME, is no plain path", root=request.script_root)
    return Response(t("error.root"), HTTPStatus.BAD_REQUEST, mimetype="text/plain")


def _same_site_only() -> ResponseReturnValue | None:
    """Refuse a change that another site's page asked for; the CSRF token is the second lock on that door."""
    if request.method in SAFE_METHODS or (reason := _foreign_sign()) is None:
        return None
    sent = {"origin": request.headers.get("Origin"), "fetch_site": request.headers.get("Sec-Fetch-Site")}
    log_refusal(reason, host=request.host, **sent)
    return error_page(HTTPStatus.FORBIDDEN, "foreign")


def _foreign_sign() -> str | None:
    """Say by what a request shows that another site's page made it, if it does."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        # It alone decides: no page can set it, while a proxy's Referrer-Policy or Host makes our own Origin look odd.
        return None if site in {"same-origin", "none"} else "Sec-Fetch-Site names another site"
    # https besides our own scheme: a TLS proxy in front need not have told us.
    ours = {None, f"{request.scheme}://{request.host}", f"https://{request.host}"}
    return None if origin in ours else "Origin is not the address in Host"


def _this_machine_only() -> ResponseReturnValue | None:
    """Refuse strangers: a sample key is public, and whoever knows it forges this site's cookies."""
    if request.endpoint in ENDPOINTS or (is_loopback(request.remote_addr) and not _is_forwarded()):
        return None
    log_refusal("SECRET_KEY is weak, and the visitor is not on this machine")
    return error_page(HTTPStatus.FORBIDDEN, "weak_key")


def _warning(sentence: str, applies: Callable[[], bool]) -> Callable[[], None]:
    """Tell the operator of something, once, when a request first shows it."""
    said = False

    def warn() -> None:
        nonlocal said
        if not said and applies():
            said = True
            log.warning(sentence)

    return warn


def _is_forwarded() -> bool:
    """Tell whether a proxy has passed the request on."""
    return any(name in request.headers for name in FORWARDED)
