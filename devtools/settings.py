"""The .env files of both parts: written once with fresh secrets, readable by their owner only, never touched again."""

from __future__ import annotations

import base64
import os
import re
import secrets
from typing import TYPE_CHECKING

from devtools import ROOT, own_database, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLAIN = re.compile(r"[\w./:@%+=, -]*", re.ASCII)


def write_missing(root: Path = ROOT) -> None:
    """Give both parts a .env where they have none."""
    make_private_folder(root / "var")
    write_from_example(root / "Login" / "app", login_values(), without="DATABASE_URL")
    write_from_example(root / "FlaskProject", ui_values())
    own_database.forget_another_folder(root / "Login" / "app" / ".env", root)


def make_private_folder(folder: Path) -> None:
    """Make the folder of the database, which holds what only the owner may read."""
    if not folder.exists():
        folder.mkdir(mode=0o700)


def login_values() -> dict[str, str]:
    """Return what the API needs, but for its database: an .env is copied and moved with its folder."""
    return {
        "JWT_SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_ACCESS_TOKEN_EXPIRE_MINUTES": "30",
        "JWT_REFRESH_TOKEN_EXPIRE_MINUTES": "1440",
        "REMEMBER_ME_DAYS": "30",
        "ANTI_PHISHING_PHRASE_DEFAULT": "Welcome to Pupero",
        "SQL_ECHO": "false",
        "TOTP_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }


def ui_values() -> dict[str, str]:
    """Return what the pages need."""
    return {
        "BACKEND_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "REMEMBER_ME_DAYS": "30",
        "SECURE_COOKIES": "false",
        "SESSION_COOKIE_SAMESITE": "Lax",
    }


def configured(name: str, root: Path = ROOT) -> str:
    """Return what a variable of the API is set to, in the environment or its .env, or nothing."""
    set_here = [value for other, value in os.environ.items() if other.upper() == name and value.strip()]
    if set_here:
        return set_here[-1]
    path = root / "Login" / "app" / ".env"
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    found = re.findall(rf"^[ \t]*(?:export[ \t]+)?{name}[ \t]*=(.*)$", text, re.MULTILINE | re.IGNORECASE)
    return unquoted(found[-1].strip()) if found else ""


def unquoted(value: str) -> str:
    """Return what a line of a .env sets: what stands between quotes, or before a comment."""
    quotes = re.match(r"(['\"])(.*?)\1", value)
    return quotes[2] if quotes else re.sub(r"\s+#.*", "", value)


def write_from_example(folder: Path, values: Mapping[str, str], without: str = "") -> None:
    """Write the folder's .env after its .env.example, with one variable commented out, unless there is one."""
    path = folder / ".env"
    text = (folder / ".env.example").read_text(encoding="utf-8")
    text = re.sub(rf"^(?={without}=)", "# ", text, flags=re.MULTILINE) if without else text
    if create_private(path, filled(text, values)):
        say(f"Wrote {path} with fresh secrets.")


def filled(example: str, values: Mapping[str, str]) -> str:
    """Return the example with these values in the place of its own; what it lacks comes last."""
    for name, value in values.items():
        line = f"{name}={quoted(value)}"
        before = re.search(rf"^(?:# ?)?{name}=.*$", example, re.MULTILINE)
        start, end = before.span() if before else (len(example), len(example))
        example = example[:start] + line + (example[end:] or "\n")
    return example


def quoted(value: str) -> str:
    """Return the value as a .env file takes it literally, whatever the folder's name holds."""
    if PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def create_private(path: Path, text: str) -> bool:
    """Create the file with mode 0600 from its first byte on; tell False when it stands already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return True
