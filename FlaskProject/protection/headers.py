"""The headers that every answer carries, errors and static files included."""

from http import HTTPStatus

from flask import Flask, Response, g, request

from FlaskProject.config import Config
from FlaskProject.rendering.scripts import ASKS, needed_scripts
from FlaskProject.rendering.static_files import ENDPOINTS, version_of
from FlaskProject.signed_in.session_cookies import is_secure

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
# Where a page carries a script, it may run; the one for passkeys may ask these pages, too.
WITH_SCRIPT = CONTENT_SECURITY_POLICY.replace("script-src 'none'", "script-src 'self'")
WITH_QUESTIONS = CONTENT_SECURITY_POLICY.replace("script-src 'none'", "script-src 'self'; connect-src 'self'")
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`, which makes browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# An SVG that is opened by itself is a page of ours: it may look as it was drawn, and do nothing.
OF_PICTURES = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; sandbox"
FORMS = "form-action 'self'"
LEAD_BACK = {"sessions", "step_up"}  # whose forms lead to where a visitor came from
ONE_YEAR = 31_536_000


def init_headers(app: Flask, config: Config) -> None:
    """Put the headers on every answer."""
    stay_with_https = f"max-age={ONE_YEAR}" + ("; includeSubDomains" if config.hsts_include_subdomains else "")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        if scripts := needed_scripts():
            response.headers["Content-Security-Policy"] = WITH_QUESTIONS if ASKS in scripts else WITH_SCRIPT
        if request.blueprint in LEAD_BACK and config.return_origins:
            _let_forms_lead_to(config.return_origins, response)
        if is_secure(config):
            response.headers["Strict-Transport-Security"] = stay_with_https
        if request.endpoint == "brand.logo":
            response.headers["Content-Security-Policy"] = OF_PICTURES
        if request.endpoint not in ENDPOINTS:
            # The back button after signing out, and a shared computer's disk, must show nothing private.
            response.headers["Cache-Control"] = "no-store"
        elif _is_what_the_address_says(response):
            response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}"
        return response


def _let_forms_lead_to(origins: tuple[str, ...], response: Response) -> None:
    """Let a form's answer lead to these: browsers take a redirect for a part of what `form-action` allows."""
    policy = response.headers["Content-Security-Policy"]
    response.headers["Content-Security-Policy"] = policy.replace(FORMS, f"{FORMS} {' '.join(origins)}")


def _is_what_the_address_says(response: Response) -> bool:
    """Tell whether a static file may be kept for good: during a roll-out, pages of one version ask another one."""
    if response.status_code not in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        return False
    version = g.version if "version" in g else version_of((request.view_args or {})["filename"])
    return bool(request.args.get("v") == version)
