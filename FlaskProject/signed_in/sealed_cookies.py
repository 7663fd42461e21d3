"""Encrypted cookies of a few minutes: what one answer leaves for a later page of this browser, and for nobody else.

Pages run in several processes that share nothing, so a browser carries it; what is typed and recovery codes are no
reading for whoever gets hold of a disk or a proxy's log.
"""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

from flask import Flask, Response, g, request

from FlaskProject.backend.answers import Json
from FlaskProject.signed_in.identity import RequestTokens, services
from FlaskProject.signed_in.sealing import seal, unseal
from FlaskProject.signed_in.session_cookies import is_secure, named

# All of them beside the tokens stay below the 8190 bytes that the pages' server reads of one header.
LARGEST = 1900
OF_A_SIGN_IN = ("form_refused", "form_asked", "new_codes")  # what goes with it


@dataclass(frozen=True)
class SealedCookie:
    """One kind of them."""

    name: str
    lifetime: timedelta

    def keep(self, content: Json, owner: str) -> bool:
        """Send content along with this answer, for pages of this owner; False when it is too large."""
        value = seal(content, f"{self.name} {owner}", _keys())
        if len(value) > LARGEST:
            return False
        _changes()[self.name] = (value, self.lifetime)
        return True

    def read(self, owner: str) -> Json | None:
        """Return what an earlier answer has kept for this owner; a neighbour on this host may use the same name."""
        seconds = self.lifetime.total_seconds()
        sent = request.cookies.getlist(_full_name(self.name))
        opened = (unseal(value, f"{self.name} {owner}", _keys(), seconds) for value in sent)
        return next((content for content in opened if content is not None), None)

    def forget(self) -> None:
        """Take it away with this answer, if the browser has it."""
        if _full_name(self.name) in request.cookies:
            _changes()[self.name] = (None, self.lifetime)


def init_sealed_cookies(app: Flask) -> None:
    """Let every answer carry what its request has kept or forgotten."""
    app.after_request(_hand_over)


def _hand_over(response: Response) -> Response:
    found: RequestTokens | None = g.get("tokens")
    if found and found.to_forget:
        for name in OF_A_SIGN_IN:
            if _full_name(name) in request.cookies:
                _changes().setdefault(name, (None, timedelta()))
    if not _comes_again(response):
        for name, (value, lifetime) in _changes().items():
            _write(response, name, value, lifetime)
    return response


def _comes_again(response: Response) -> bool:
    """Tell whether the browser asks for this page once more: after an outage, or with the new tokens it was sent."""
    leads_here = (response.location or "").partition("?")[0] == request.script_root + request.path
    return response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or (request.method == "GET" and leads_here)


def _write(response: Response, name: str, value: str | None, lifetime: timedelta) -> None:
    config = services().config
    flags: dict[str, Any] = {"path": "/", "secure": is_secure(config), "httponly": True, "samesite": config.samesite}
    if value is None:
        response.delete_cookie(_full_name(name), **flags)
    else:
        response.set_cookie(_full_name(name), value, max_age=lifetime, **flags)


def _full_name(name: str) -> str:
    return named(name, secure=is_secure(services().config))


def _changes() -> dict[str, tuple[str | None, timedelta]]:
    """Return what this answer does to these cookies."""
    if "sealed_cookies" not in g:
        g.sealed_cookies = {}
    return cast("dict[str, tuple[str | None, timedelta]]", g.sealed_cookies)


def _keys() -> tuple[str, ...]:
    config = services().config
    return config.secret_key, *config.secret_key_fallbacks
