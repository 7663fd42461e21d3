"""The SQLite file of this folder, and what becomes of the path to another's, which dev.py used to write into .env."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from devtools import say

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = re.compile(
    rb"^DATABASE_URL=(['\"]?)sqlite:///(?P<path>[^'\"\r\n?]+/var/pupero\.sqlite3)\1(?=\r?$)", re.MULTILINE
)


def file_of(root: Path) -> Path:
    """Return where dev.py keeps the accounts unless told otherwise."""
    return root / "var" / "pupero.sqlite3"


def url_of(root: Path) -> str:
    """Return that as a URL, whatever the folder's name holds."""
    return f"sqlite:///{quote(file_of(root).as_posix(), safe='/:')}"


def forget_another_folder(env_file: Path, root: Path) -> None:
    """Comment out the path that dev.py wrote in another folder: a copy must not work on the original's accounts."""
    text = env_file.read_bytes()
    found = WRITTEN.search(text)
    if found is None or (path := unquote(found["path"].decode(errors="replace"))) == file_of(root).as_posix():
        return
    env_file.write_bytes(text[: found.start()] + b"# " + text[found.start() :])
    say(
        f"{env_file} named the database of another folder, {path}. That line is commented out now: this folder has "
        f"its own, {file_of(root)}. To work on the other one, set DATABASE_URL in the environment."
    )
