"""Which of the scripts a page carries: whatever needs one says so, and every other page may run none."""

from flask import g

ASKS = "passkeys.js"  # the one that sends requests of its own


def need_script(name: str) -> str:
    """Have the page carry a script, and its policy let it run; nothing is written here."""
    g.setdefault("scripts", {})[name] = True
    return ""


def needed_scripts() -> list[str]:
    """Return the scripts of this page."""
    return list(g.get("scripts", ()))
