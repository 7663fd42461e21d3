"""The cookie that carries a mail's token from its address to its page: addresses are kept, and logged by proxies.

Not Flask's session, which anybody can read who gets hold of it, goes along to every page, and outlives the link.
"""

import hashlib
import re
from datetime import timedelta

from flask import Response, request

from FlaskProject.config import Config
from FlaskProject.signed_in.session_cookies import is_secure, named

LIFETIME = timedelta(minutes=10)
# Anything else cannot be a token of the API and must not become part of a header.
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")


def mark_of(token: str) -> str:
    """Return what may stand in an address for a token: it tells two links apart and opens neither."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def keep_link(response: Response, config: Config, kind: str, token: str) -> None:
    """Keep a link's token for its page, and for no other where the cookie's name allows it."""
    secure = is_secure(config)
    response.set_cookie(
        named(f"link_{kind}", secure=secure),
        token,
        max_age=LIFETIME,
        path="/" if secure else request.script_root + request.path,
        secure=secure,
        httponly=True,
        # Whatever the other cookies are: a visit that begins in a mail brings no Strict one along.
        samesite="Lax",
    )


def kept_link(config: Config, kind: str, mark: str) -> str | None:
    """Return the token that a mark stands for, unless another link of its kind has been opened since."""
    values = request.cookies.getlist(named(f"link_{kind}", secure=is_secure(config)))
    return next((value for value in values if TOKEN.fullmatch(value) and mark_of(value) == mark), None)
