"""Addresses of our pages and files as templates write them: worked out once for each path that we are served under."""

from functools import lru_cache
from typing import Any

from flask import request, url_for

from FlaskProject.rendering.static_files import version_of

KEPT = 1024  # addresses; what we are served under is a proxy's word, so there is no end of them
FIXED = {"_anchor"}


def address(endpoint: str, **values: Any) -> str:  # noqa: ANN401 url_for's own
    """Return the address of a page; only one without anybody's values in it is kept for the next visitor."""
    if values.keys() <= FIXED:
        return _fixed(request.script_root, endpoint, values.get("_anchor"))
    return url_for(endpoint, **values)


def static(name: str) -> str:
    """Address a static file by its content, so that browsers may keep it for good."""
    return _file(request.script_root, name)


@lru_cache(KEPT)
def _fixed(_root: str, endpoint: str, anchor: str | None) -> str:
    return url_for(endpoint, _anchor=anchor)


@lru_cache(KEPT)
def _file(_root: str, name: str) -> str:
    return url_for("static", filename=name, v=version_of(name))
