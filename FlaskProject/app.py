"""The pages' table of contents: create_app() puts them together."""

import sys
from collections.abc import Iterable
from functools import partial
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]  # it ships no types
from werkzeug.middleware.proxy_fix import ProxyFix

from FlaskProject.backend.http import Backend, BackendUnavailable
from FlaskProject.config import Config, ConfigError, load_config
from FlaskProject.forms.submissions import stale_form, unavailable_page
from FlaskProject.languages.current import init_languages
from FlaskProject.protection.guards import init_guards
from FlaskProject.protection.headers import init_headers
from FlaskProject.rendering.error_pages import init_error_pages
from FlaskProject.rendering.template_helpers import init_templates
from FlaskProject.runtime.logs import RequestLog, init_logs, quiet_development_server
from FlaskProject.signed_in.identity import Services, init_identity
from FlaskProject.signed_in.refresh import Refresher
from FlaskProject.signed_in.sealed_cookies import init_sealed_cookies
from FlaskProject.signed_in.session_cookies import PageSessions, is_secure
from FlaskProject.views import (
    accounts,
    brand,
    health,
    history,
    home,
    language,
    link_buttons,
    passkeys,
    passwords,
    profile,
    reauthenticate,
    security,
    sessions,
    step_up,
    totp,
    verify,
)

LARGEST_FORM = 64 * 1024


def create_app(config: Config | None = None) -> Flask:
    """Build the pages; a setting that cannot stand ends the process with one line."""
    init_logs()
    quiet_development_server()
    try:
        config = config or load_config()
    except ConfigError as problem:
        sys.exit(f"FlaskProject cannot start. {problem}")
    app = Flask(__name__)
    # Tidying up slashes is a redirect that takes its address from the Host header.
    app.url_map.merge_slashes = False
    app.config.from_mapping(_flask_settings(config))
    app.session_interface = PageSessions(config)
    # No more than three quarters of the threads wait for the API: pages that need none of it go on.
    backend = Backend(config.backend_url, config.backend_ca_bundle, at_once=max(1, config.threads * 3 // 4))
    app.extensions["pupero"] = Services(config, backend, Refresher())

    init_languages(app, config.default_language, partial(is_secure, config))
    init_headers(app, config)
    init_guards(app, config)
    CSRFProtect(app)
    init_identity(app)
    init_sealed_cookies(app)
    init_error_pages(app)
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(BackendUnavailable, unavailable_page)
    init_templates(app, config.brand)

    signed_in = (home, profile, security, history, totp, passkeys, reauthenticate, language)
    for part in (*signed_in, accounts, sessions, passwords, link_buttons, health, verify, step_up, brand):
        app.register_blueprint(part.pages)

    _wrap(app, config)
    return app


def _flask_settings(config: Config) -> dict[str, object]:
    return {
        "SECRET_KEY": config.secret_key,
        "SECRET_KEY_FALLBACKS": list(config.secret_key_fallbacks),
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": config.samesite,
        "MAX_CONTENT_LENGTH": LARGEST_FORM,
        "MAX_FORM_MEMORY_SIZE": LARGEST_FORM,
        "MAX_FORM_PARTS": 100,
        # The token lives as long as its session: a page left open for an hour still works.
        "WTF_CSRF_TIME_LIMIT": None,
        # Flask-WTF wants a Referer on https; guards.py looks at Origin and Sec-Fetch-Site instead.
        "WTF_CSRF_SSL_STRICT": False,
    }


def _wrap(app: Flask, config: Config) -> None:
    """Log every request, with the visitor's address as the trusted proxies report it."""
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]  # the documented way
    count = config.trusted_proxy_count
    if count:
        # The path that we are served under is told by one proxy, the last word: the one that cuts it off.
        told = {"x_for": count, "x_proto": count, "x_prefix": 1}
        app.wsgi_app = ProxyFix(app.wsgi_app, **told)  # type: ignore[method-assign]  # likewise
        app.wsgi_app = _in_small_letters(app.wsgi_app)  # type: ignore[assignment,method-assign]  # likewise


def _in_small_letters(wrapped: WSGIApplication) -> WSGIApplication:
    """Take HTTPS for https (RFC 3986, section 3.1), which what compares the scheme does not."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["HTTP_X_FORWARDED_PROTO"] = environ.get("HTTP_X_FORWARDED_PROTO", "").lower()
        return wrapped(environ, start_response)

    return serve
