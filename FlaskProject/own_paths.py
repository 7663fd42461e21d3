"""Where a `next` may lead: to our own pages only."""

import re

# An allowlist, because every list of tricks (//, /\, schemes, control characters, %2f) has been one short.
OWN_PATH = re.compile(r"/(?:[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*)?(?:\?[A-Za-z0-9_=&-]*)?(?:#[A-Za-z0-9_-]*)?")
LONGEST = 500
HOME = "/"


def own_path(target: str | None) -> str:
    """Return the target when it is plainly a page of ours that is worth returning to, else the home page."""
    if not target or len(target) > LONGEST or not OWN_PATH.fullmatch(target):
        return HOME
    path = re.split(r"[?#]", target)[0]
    return HOME if path.split("/")[1] in {"login", "logout", "register"} else target
