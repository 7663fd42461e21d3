"""The language of the page that is being written: the person's own, else this browser's, else the operator's."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import NamedTuple, cast

from flask import Flask, Response, current_app, g, has_request_context, request

from FlaskProject.languages.known import KNOWN, OFFERED, SOURCE, Language
from FlaskProject.languages.negotiation import negotiate

COOKIE = "language"  # of whoever chose one in this browser; no secret
LONGEST_COOKIE = timedelta(days=400)  # browsers keep none for longer (RFC 6265bis, section 5.5)
EXTENSION = "pupero_languages"
# Asked for by every text of a page: Flask's `g` would take four times as long.
_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)


class _Terms(NamedTuple):
    """What is spoken to whoever asks for none of ours, and whether this request's cookies may insist on https."""

    default: str
    is_secure: Callable[[], bool]

    @property
    def cookie(self) -> str:
        """Name the cookie; a neighbouring subdomain cannot plant one that carries the prefix."""
        return f"__Host-{COOKIE}" if self.is_secure() else COOKIE


def init_languages(app: Flask, default: str, is_secure: Callable[[], bool]) -> None:
    """Say which language is spoken to whoever asks for none of ours, and let answers carry what was chosen."""
    app.extensions[EXTENSION] = _Terms(default, is_secure)
    app.before_request(_forget)
    app.teardown_request(_forget)

    @app.after_request
    def keep_choice(response: Response) -> Response:
        if "language_to_keep" in g:
            _keep(response, g.language_to_keep)
        if response.mimetype in {"text/html", "text/plain"}:
            response.headers["Content-Language"] = current_language().tag
            response.vary.update(("Accept-Language", "Cookie"))
        return response


def current_language() -> Language:
    """Return the language that this visitor reads; outside of a request, English."""
    spoken = _spoken.get()
    if spoken is not None:
        return spoken
    if not has_request_context():
        return SOURCE
    spoken = KNOWN[_find_tag()]
    _spoken.set(spoken)
    return spoken


def speak(tag: str | None) -> None:
    """Go on in the language that the person has chosen, and keep it for pages that do not know the person."""
    if tag in OFFERED:
        _spoken.set(KNOWN[tag])
        if request.cookies.get(_terms().cookie) != tag:
            g.language_to_keep = tag


def choose(tag: str) -> None:
    """Speak a language in this browser from now on; with none, what the browser asks for."""
    _spoken.set(None)
    g.language_to_keep = tag


def _forget(_error: BaseException | None = None) -> None:
    """Begin and end a request with nothing of the one before, which may have had the same thread."""
    _spoken.set(None)


def _find_tag() -> str:
    chosen = request.cookies.get(_terms().cookie)
    if chosen in OFFERED:
        return chosen
    return negotiate(request.headers.get("Accept-Language", "")) or _terms().default


def _keep(response: Response, tag: str) -> None:
    terms = _terms()
    secure = terms.is_secure()
    if tag:
        response.set_cookie(terms.cookie, tag, max_age=LONGEST_COOKIE, secure=secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(terms.cookie, secure=secure, httponly=True, samesite="Lax")


def _terms() -> _Terms:
    return cast("_Terms", current_app.extensions[EXTENSION])
