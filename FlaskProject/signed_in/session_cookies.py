"""The HttpOnly cookies of a signed-in browser's tokens, of the step between a login's two, and of a trusted device."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

from FlaskProject.backend.answers import TokenPair
from FlaskProject.config import Config
from FlaskProject.signed_in.jwt_claims import claims_of

ACCESS, REFRESH, LOGIN_STEP, DEVICE = "access_token", "refresh_token", "login_token", "device_token"
SHARED = {ACCESS, REFRESH}  # what COOKIE_DOMAIN is about: forms and the steps of a login stay on this host
SESSION = "pupero_session"
LOGIN_STEP_LIFETIME = timedelta(minutes=5)
# Anything else cannot be a token of the API and must not become part of a header.
TOKEN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}")
LONGEST_TOKEN = 4096
DEVICE_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True)
class TokenCookies:
    """Reads and writes the token cookies of one request, named and flagged by whether it came over https."""

    config: Config
    secure: bool

    def read(self, request: Request, name: str) -> str | None:
        """Return a cookie's token, the latest of ours: a neighbour on this host or domain may use the same name."""
        sent = request.cookies.getlist(self._named(name))
        tokens = [token for token in sent if len(token) <= LONGEST_TOKEN and TOKEN.fullmatch(token)]
        found = [(claims.issued, token) for token in tokens if (claims := claims_of(token)) and claims.ours]
        return max(found)[1] if found else None

    def write(self, response: Response, pair: TokenPair) -> None:
        """Keep a pair: until the browser closes, or as long as `remember me` allows."""
        seconds = self._persistence(pair)
        # The access token first: a client that keeps only the first cookie keeps the one the seed names.
        self._set(response, ACCESS, pair.access_token, seconds)
        self._set(response, REFRESH, pair.refresh_token, seconds)

    def forget(self, response: Response, request: Request, *names: str) -> None:
        """Take these tokens away, and leave what is not ours."""
        for name in names:
            if self.read(request, name):
                response.delete_cookie(self._named(name), **self._flags(name))

    def write_login_step(self, response: Response, token: str) -> None:
        """Keep what proves that the password was right until the code is typed."""
        self._set(response, LOGIN_STEP, token, int(LOGIN_STEP_LIFETIME.total_seconds()))

    def read_device(self, request: Request) -> str | None:
        """Return what spares this browser the second factor, if somebody trusts it."""
        values = request.cookies.getlist(self._named(DEVICE))
        return next((value for value in values if DEVICE_TOKEN.fullmatch(value)), None)

    def write_device(self, response: Response, pair: TokenPair) -> None:
        """Keep it past signing out, which is what it is for; of several accounts here the last is spared."""
        if pair.device_token:
            self._set(response, DEVICE, pair.device_token, pair.device_token_expires_in)

    def _persistence(self, pair: TokenPair) -> int | None:
        claims = claims_of(pair.refresh_token)
        if claims is None or not claims.remember:
            return None
        # Measured between the token's own times, so that a clock that is off here does not shorten it.
        return min(claims.lifetime, int(self.config.remember_me.total_seconds()))

    def _set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(self._named(name), value, max_age=seconds, **self._flags(name))

    def _named(self, name: str) -> str:
        # What is for sibling hosts cannot be bound to this one, only to https.
        return f"__Secure-{name}" if self._domain(name) else named(name, secure=self.secure)

    def _domain(self, name: str) -> str | None:
        return self.config.cookie_domain if name in SHARED else None

    def _flags(self, name: str) -> dict[str, Any]:
        # `__Host-` demands the path /; without it what signs in goes nowhere but to the login pages.
        path = f"{request.script_root}/login" if name in {LOGIN_STEP, DEVICE} and not self.secure else "/"
        flags = {"path": path, "secure": self.secure, "httponly": True, "samesite": self.config.samesite}
        return flags | {"domain": self._domain(name)}


class PageSessions(SecureCookieSessionInterface):
    """Flask's signed session, its cookie named and flagged request by request like the tokens'."""

    def __init__(self, config: Config) -> None:
        """Remember whether https is forced."""
        self._config = config

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Open the first cookie of the name that we have signed: a neighbour's may come before it."""
        signer, max_age = self.get_signing_serializer(app), int(app.permanent_session_lifetime.total_seconds())
        for value in request.cookies.getlist(self.get_cookie_name(app)):
            with suppress(BadSignature):
                return self.session_class(signer.loads(value, max_age=max_age)) if signer else None
        return self.session_class()

    def get_cookie_name(self, app: Flask) -> str:  # noqa: ARG002 the base's signature
        """Bind the name to this host when the request is secure."""
        return named(SESSION, secure=is_secure(self._config))

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 likewise
        """Keep the cookie off plain http when the request is secure."""
        return is_secure(self._config)


def has_page_session() -> bool:
    """Tell whether the browser sent the cookie that every page with a form gives it."""
    return current_app.session_interface.get_cookie_name(current_app) in request.cookies


def is_secure(config: Config) -> bool:
    """Tell whether cookies of this request may insist on https."""
    return config.secure_cookies or request.is_secure


def named(name: str, *, secure: bool) -> str:
    """Return a cookie's full name, bound to this host where it may be."""
    # A neighbouring subdomain cannot plant a cookie that carries this prefix.
    return f"__Host-{name}" if secure else name
