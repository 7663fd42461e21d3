"""The release before this code, out of the repository's history, to run beside it."""

import io
import re
import subprocess
import tarfile
from pathlib import Path

from testing.processes import ROOT

VERSIONS = "CreateDB/migrations/versions"


class NoHistory(Exception):
    """There is no telling what came before: a tarball, or a clone without its past."""


def find_last_release() -> str:
    """Return the commit of the last release, else the last one that did not know the newest migration."""
    if _git("rev-parse", "--show-prefix"):
        raise NoHistory("this folder is part of another repository")
    if tag := _git("describe", "--tags", "--abbrev=0", "HEAD", check=False):
        return tag
    newest = max(path.name for path in (ROOT / VERSIONS).glob("[0-9]*.py"))
    if not (added := _git("log", "--diff-filter=A", "--format=%H", "--", f"{VERSIONS}/{newest}")):
        raise NoHistory("the newest migration is in no commit")
    return _git("rev-parse", "--verify", f"{added.split()[-1]}^")


def unpack(commit: str, folder: Path) -> str:
    """Write that release's API into a folder, and return the revision that it needs."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", commit, "Login"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    needed = (folder / "Login" / "app" / "services" / "health.py").read_text(encoding="utf-8")
    match = re.search(r'^REVISION = "(\d+)"', needed, re.MULTILINE)
    if match is None:
        raise NoHistory(f"{commit} does not say which revision it needs")
    return match[1]


def _git(*arguments: str, check: bool = True) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoHistory(f"git: {error.strerror}") from None
    if check and done.returncode:
        raise NoHistory(done.stderr.strip())
    return done.stdout.strip() if done.returncode == 0 else ""
