"""The virtual environment: made once, filled from a hashed lock, and filled again only when that lock changes."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import subprocess
import sys
from collections import deque
from pathlib import Path

from devtools import ROOT, say
from devtools.progress import Progress

VENV = ROOT / ".venv"
RUN_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"

# The development lock holds every pin of the other one (a test compares them), so installing it serves both.
FOR_RUNNING = (RUN_LOCK,)
FOR_DEVELOPMENT = (DEV_LOCK, RUN_LOCK)

# The driver's compiled half has no wheel for macOS before 15, which no marker in the lock can tell apart.
COMPILED_DRIVER = re.compile(r"^mariadb-binary==(?:.*\\\n)*.*\n", re.MULTILINE)
OLDEST_MACOS_WITH_DRIVER = 15

IS_USABLE = "import pip, sys; sys.exit(sys.version_info < (3, 11))"


def python_of(venv: Path) -> Path:
    """Return where an environment keeps its Python."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def prepare(locks: tuple[Path, ...], venv: Path = VENV) -> Path:
    """Return the environment's Python, with everything that the locks name installed."""
    if not is_usable(venv):
        make(venv)
    if not is_installed(locks[0], venv):
        install(locks[0], venv)
        remember(locks, venv)
    return python_of(venv)


def is_usable(venv: Path) -> bool:
    """Tell whether the environment's Python starts, is new enough and has pip."""
    try:
        check = subprocess.run([python_of(venv), "-c", IS_USABLE], capture_output=True, check=False)
    except OSError:
        return False
    return check.returncode == 0


def make(venv: Path) -> None:
    """Make the environment, or name the package that this takes."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SystemExit(missing_venv_hint(Path("/etc/debian_version").exists()))
    say(f"Making the virtual environment {venv} ...")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=False)
    if made.returncode != 0:
        raise SystemExit(f"python -m venv could not make {venv}: its reason stands above.")


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


def install(lock: Path, venv: Path) -> None:
    """Install the lock with pip: every file checked against its hash, wheels only, so no compiler is needed."""
    command: list[str | Path] = [python_of(venv), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:"]
    command += [
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "-r",
        for_macos(lock, venv, platform.mac_ver()[0]),
    ]
    say(f"Installing the packages of {lock.name} ...")
    with Progress(lock) as progress, read_output(command) as pip:
        tail = deque(progress.follow(pip.stdout or []), maxlen=15)
    if pip.returncode != 0:
        raise SystemExit(f"pip could not install {lock.name}. Its last lines:\n{''.join(tail)}")


def for_macos(lock: Path, venv: Path, version: str) -> Path:
    """Return the lock, on an old macOS a copy without the compiled driver; elsewhere the version is empty."""
    if not version or int(version.split(".", 1)[0]) >= OLDEST_MACOS_WITH_DRIVER:
        return lock
    copy = venv / lock.name
    copy.write_text(COMPILED_DRIVER.sub("", lock.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


def read_output(command: list[str | Path]) -> subprocess.Popen[str]:
    """Start a command whose output is read line by line."""
    pipe, merge = subprocess.PIPE, subprocess.STDOUT
    return subprocess.Popen(command, stdout=pipe, stderr=merge, text=True, encoding="utf-8", errors="replace")
