"""Addresses of our own pages as the browser knows them, and where a `next` may lead: to these only."""

import re

from flask import request

# An allowlist, because every list of tricks (//, /\, schemes, control characters, %2f) has been one short.
OWN_PATH = re.compile(r"/(?:[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*)?(?:\?[A-Za-z0-9_=&-]*)?(?:#[A-Za-z0-9_-]*)?")
LONGEST = 500
PASSED_THROUGH = {"login", "logout", "register", "auth"}  # nobody comes back to these
HOME = "/"


def own_path(target: str | None, root: str = "") -> str:
    """Return the target when it is plainly a page of ours that is worth returning to, else the home page.

    `root` is the path that the pages are served under: whatever lies beside it is another site's.
    """
    inside = target.removeprefix(root) if target and target.startswith(f"{root}/") else ""
    if len(inside) > LONGEST or not OWN_PATH.fullmatch(inside):
        return root + HOME
    path = re.split(r"[?#]", inside)[0]
    return root + HOME if path.split("/")[1] in PASSED_THROUGH else root + inside


def here() -> str:
    """Return the address of the page that was asked for; `request.path` alone leaves out what we are served under."""
    return request.script_root + request.path


def current_in_menu(address: str) -> str | None:
    """Return what a link of the menu has for `aria-current`: it leads to this page, to one above it, or elsewhere."""
    if here() == address:
        return "page"
    return "true" if here().startswith(f"{address}/") else None


def worth_carrying(target: str) -> str | None:
    """Return a target for an address's `next`, which needs none to lead home."""
    return None if target == request.script_root + HOME else target
