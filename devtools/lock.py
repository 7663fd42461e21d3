"""Every lock in one command: exact versions and hashes, for every system and Python that we serve."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from devtools import ROOT, environment, say

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = ("Login/requirements.txt", "CreateDB/requirements.txt", "FlaskProject/requirements.txt")
SAME = ("-c", "requirements.lock")  # the versions that everything is tested with
# What each lock is made from, in this order, and with what it must agree.
LOCKS = {
    "requirements.lock": (*PARTS, "--only-binary", ":all:"),
    "requirements-dev.lock": ("requirements-dev.txt", *SAME, "--only-binary", ":all:"),
    # The images compile the driver from source, and must not take the ready-built one along.
    **{
        f"deploy/requirements/{image}.lock": (
            f"deploy/requirements/{image}.txt",
            *SAME,
            "--no-emit-package",
            "mariadb-binary",
        )
        for image in ("login", "createdb", "ui", "build")
    },
}


def write_locks(arguments: Sequence[str]) -> int:
    """Write the lock that runs the suite, then the others, with the same versions."""
    uv = uv_command()
    for lock, sources in LOCKS.items():
        status = subprocess.run([*compile_command(uv), *sources, "-o", lock, *arguments], cwd=ROOT, check=False)
        if status.returncode != 0:
            return status.returncode
        say(f"Wrote {lock}.")
    return 0


def compile_command(uv: list[str]) -> list[str]:
    """Return uv's command for one file that serves all systems and says nothing about the machine that wrote it."""
    command = [*uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", "3.11", "--no-emit-index-url", "--no-emit-find-links"]
    return [*command, "--custom-compile-command", "python3 dev.py lock"]


def uv_command() -> list[str]:
    """Return how uv is called: the one on PATH, else the one that the development lock brings."""
    found = shutil.which("uv")
    return [found] if found else [str(environment.prepare(environment.FOR_DEVELOPMENT)), "-m", "uv"]
