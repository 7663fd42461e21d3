"""The virtual environment: made once, filled from a hashed lock, and filled again only when that lock changes."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from devtools import ROOT, background, bundled_pip, packages, say

if TYPE_CHECKING:
    from collections.abc import Iterator

VENV = ROOT / ".venv"
RUN_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"

# The development lock holds every pin of the other one (a test compares them), so installing it serves both.
FOR_RUNNING = (RUN_LOCK,)
FOR_DEVELOPMENT = (DEV_LOCK, RUN_LOCK)

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ITS_VERSION = "import sys, pip; print('%d.%d' % sys.version_info[:2])"


def python_of(venv: Path) -> Path:
    """Return where an environment keeps its Python."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def prepare(locks: tuple[Path, ...], venv: Path = VENV) -> Path:
    """Return the environment's Python, with everything that the locks name installed."""
    if why := flaw(venv):
        make(venv, why)
    if not is_installed(locks[0], venv):
        stamp(venv).unlink(missing_ok=True)
        say(f"Installing the packages of {locks[0].name}: some 60 MB, once ...")
        with being_changed(venv):
            packages.install(locks[0], python_of(venv), venv)
        remember(locks, venv)
    return python_of(venv)


def flaw(venv: Path) -> str:
    """Return why an environment must be made, or nothing when it is whole and of the Python that runs this."""
    if unfinished(venv).exists():
        return "the last start was cut off"
    if not venv.exists():
        return "there is none yet"
    version = version_of(venv)
    if version == HERE:
        return ""
    return f"it was of Python {version}, this is {HERE}" if version else "there is none that works"


def version_of(venv: Path) -> str:
    """Return which Python an environment is of, or nothing when it does not start or has no pip."""
    try:
        check = subprocess.run([python_of(venv), "-I", "-c", ITS_VERSION], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return check.stdout.strip() if check.returncode == 0 else ""


def unfinished(venv: Path) -> Path:
    """Return the file that stands while the environment is being changed."""
    return venv / "unfinished"


@contextlib.contextmanager
def being_changed(venv: Path) -> Iterator[None]:
    """Mark the environment while it changes: what Ctrl-C or a power cut leaves half-made is never trusted."""
    unfinished(venv).touch()
    try:
        yield
    except SystemExit:  # an ordinary failure, after which pip has put back what was there
        unfinished(venv).unlink()
        raise
    unfinished(venv).unlink()


def make(venv: Path, why: str) -> None:
    """Make the environment anew, or name the package that this takes."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SystemExit(missing_venv_hint(Path("/etc/debian_version").exists()))
    say(f"Making the virtual environment {venv} ({why}) ...")
    venv.mkdir(exist_ok=True)
    wheel = bundled_pip.find()
    flags = ["--without-pip"] if wheel else []
    with being_changed(venv):
        empty(venv)
        status, tail = background.run([sys.executable, "-I", "-m", "venv", *flags, venv])
        if status != 0:
            raise SystemExit(f"python -m venv could not make {venv}. Its last lines:\n{tail}")
        if wheel:
            bundled_pip.unpack(wheel, venv)


def empty(venv: Path) -> None:
    """Remove what is in the environment, but the mark that it is being changed."""
    try:
        for entry in set(venv.iterdir()) - {unfinished(venv)}:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    except OSError as error:
        raise SystemExit(
            f"{error.filename} cannot be removed ({error.strerror}): stop what still runs from it."
        ) from None


def missing_venv_hint(debian: bool) -> str:
    """Say which package brings the missing venv module."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if debian:
        return f"This Python cannot make virtual environments yet. Run as root: apt install python{version}-venv"
    return f"Python {version} lacks its modules venv and ensurepip: install your system's package that brings them."


def stamp(venv: Path) -> Path:
    """Return the file that remembers what is installed; it goes when the environment goes."""
    return venv / "installed-locks.sha256"


def digest(lock: Path) -> str:
    """Return the fingerprint of a lock, the same on systems that check it out with other line ends."""
    return hashlib.sha256(lock.read_text(encoding="utf-8").encode()).hexdigest()


def is_installed(lock: Path, venv: Path) -> bool:
    """Tell whether just this lock is what was installed last."""
    return stamp(venv).is_file() and digest(lock) in stamp(venv).read_text(encoding="utf-8").split()


def remember(locks: tuple[Path, ...], venv: Path) -> None:
    """Note the installed locks, and forget what was installed before them."""
    stamp(venv).write_text("".join(f"{digest(lock)}\n" for lock in locks), encoding="utf-8")
