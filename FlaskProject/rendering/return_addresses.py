"""Where a sign-in may lead back to: our own pages, others of this host, and the origins that the operator named."""

import re
from collections.abc import Collection
from urllib.parse import urlencode

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from FlaskProject.rendering.own_paths import HOME, PASSED_THROUGH, here, own_path, worth_carrying
from FlaskProject.signed_in.identity import services

# Any path of this host and what a browser sends of its query. The first letter cannot be one by which `//evil.example`,
# `/\evil.example` and their kin become another host, in whatever way they are written.
SITE_PATH = re.compile(
    r"/(?:(?:[A-Za-z0-9_~-]|%[89A-Fa-f][0-9A-Fa-f])[A-Za-z0-9._~!$&'()*+,;=:@%/|\[\]^{}`-]*)?(?:\?[!-\"$-~]*)?"
)
DOTS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
LONGEST = 2000
SAID = ("before", "link", "part", "with")  # in addresses of our pages, beside `next`


def return_address(target: str | None, root: str = "", origins: Collection[str] = ()) -> str:
    """Return the target when a sign-in may lead there, else our home page; `root` is what we are served under."""
    own = own_path(target, root)
    if own != root + HOME or target is None or len(target) > LONGEST:
        return own
    origin = next((origin for origin in origins if target.startswith(f"{origin}/")), "")
    path = target.removeprefix(origin)
    if not SITE_PATH.fullmatch(path) or DOTS.search(path.partition("?")[0]):
        return own
    return own if not origin and _is_ours(path, root) else target


def page_address(target: str | None) -> str:
    """Return the target when it is one of our own pages that can be asked for by its address, whichever, else home."""
    root = request.script_root
    inside = (target or "").removeprefix(root)
    path = inside.partition("?")[0]
    if len(inside) > LONGEST or not SITE_PATH.fullmatch(inside) or DOTS.search(path):
        return root + HOME
    try:
        current_app.url_map.bind("localhost").match(path, "GET")
    except HTTPException:
        return root + HOME
    return root + inside


def this_page() -> str:
    """Return where this page is to be had again, with what its address says and nothing that a stranger put there."""
    said = {name: request.args[name] for name in SAID if name in request.args}
    onward = worth_carrying(next_address("")) if "next" in request.args else None
    query = urlencode(said | ({"next": onward} if onward else {}))
    return f"{here()}?{query}" if query else here()


def next_address(typed: str) -> str:
    """Return where this request's `next` leads, of its form or else of its address."""
    return return_address(typed or request.args.get("next"), request.script_root, services().config.return_origins)


def _is_ours(path: str, root: str) -> bool:
    """Tell whether a path is one of our pages that are passed through, or none that we have."""
    if root:
        return path == root or path.startswith((f"{root}/", f"{root}?"))
    return re.split("[/?]", path)[1] in PASSED_THROUGH
