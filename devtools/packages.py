"""The packages of a lock: checked against their hashes, ready-built only, and nowhere but here."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from typing import TYPE_CHECKING

from devtools import background, bundled_pip, say, uv
from devtools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Compiled halves that only make things faster. Where one has no wheel (a newer Python, an older macOS, a rare
# processor), what is written in Python serves.
FASTER_ONLY = ("httptools", "mariadb-binary", "uvloop")
NO_WHEEL = re.compile(r"No matching distribution found for ([\w.-]+)==")

# pip's settings that say where packages come from. All others, in PIP_... or a pip.conf, are about somebody else's
# work: user, target and prefix would install elsewhere, a constraint contradict the lock.
ABOUT_SOURCES = {
    "cache-dir",
    "cert",
    "client-cert",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "keyring-provider",
    "no-cache-dir",
    "no-index",
    "proxy",
    "retries",
    "timeout",
    "trusted-host",
    "use-feature",
}
SECTIONS = ("global", "install", ":env:")  # each wins over those before it


def install(lock: Path, python: Path, folder: Path) -> None:
    """Install the lock with uv, or else with pip."""
    sources = about_sources(listed_settings(python))
    quick = uv.find() or bring_uv(python, folder, sources)
    if not (quick and uv.install(quick, lock, python, sources)):
        install_by_pip(lock, python, folder, sources)
    bundled_pip.add_command(python, quick)


def bring_uv(python: Path, folder: Path, sources: Mapping[str, str]) -> list[str | Path]:
    """Let pip put uv into the environment, and return how it is called; nothing where that fails."""
    lock = folder / "uv.lock"
    lock.write_text(uv.pin(), encoding="utf-8")
    status, _ = background.run(pip(python, lock), environment=pip_environment(sources))
    return [python, "-I", "-m", "uv"] if status == 0 else []


def install_by_pip(lock: Path, python: Path, folder: Path, sources: Mapping[str, str]) -> None:
    """Install the lock, without what only makes things faster and has no wheel here."""
    while (tail := try_to_install(lock, python, sources)) is not None:
        missing = NO_WHEEL.search(tail)
        if missing is None or missing[1] not in FASTER_ONLY:
            raise SystemExit(f"pip could not install {lock.name}. Its last lines:\n{tail}")
        say(f"  {missing[1]} is not ready-built for this Python and system: all works without it, a little slower.")
        lock = write_without(missing[1], lock, folder)


def try_to_install(lock: Path, python: Path, sources: Mapping[str, str]) -> str | None:
    """Run pip once; return its last words when it failed."""
    with Progress(lock) as progress:
        status, tail = background.run(pip(python, lock), progress.follow, pip_environment(sources))
    return None if status == 0 else tail


def pip(python: Path, lock: Path) -> list[str | Path]:
    """Return the command that installs a lock."""
    # -I: no PYTHONPATH and no packages of the account's own may pass for installed ones.
    start: list[str | Path] = [python, "-I", "-m", "pip", "install", "--require-hashes", "--only-binary=:all:"]
    return [*start, "--no-input", "--disable-pip-version-check", "--progress-bar=off", "-r", lock]


def write_without(name: str, lock: Path, folder: Path) -> Path:
    """Write a copy of the lock that lacks one package."""
    copy = folder / lock.name
    copy.write_text(without(name, lock.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


def without(name: str, lock: str) -> str:
    """Return the text of a lock without the block of one package."""
    return re.sub(rf"^{re.escape(name)}==(?:.*\\\n)*.*\n", "", lock, flags=re.MULTILINE)


def pip_environment(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for pip: of its own settings only those about sources."""
    others = {name: value for name, value in os.environ.items() if not name.upper().startswith("PIP_")}
    return {**others, **sources, "PIP_CONFIG_FILE": os.devnull}


def listed_settings(python: Path) -> str:
    """Return pip's settings from the environment and all configuration files, as pip itself lists them."""
    command: list[str | Path] = [python, "-I", "-m", "pip", "config", "list"]
    everything = os.environ | {"PIP_USER": "0"}  # where it is set, pip would list the account's own file alone
    return subprocess.run(command, env=everything, capture_output=True, text=True, errors="replace", check=False).stdout


def about_sources(listed: str) -> dict[str, str]:
    """Return, as variables, which of the listed settings say where packages come from."""
    kept: dict[str, str] = {}
    lines = [line.partition("=") for line in listed.splitlines()]
    for section in SECTIONS:
        options = {
            name.removeprefix(f"{section}."): value for name, _, value in lines if name.startswith(f"{section}.")
        }
        kept |= {variable(name): str(ast.literal_eval(options[name])) for name in ABOUT_SOURCES & options.keys()}
    return kept


def variable(option: str) -> str:
    """Return the variable by which pip takes an option."""
    return f"PIP_{option.upper().replace('-', '_')}"
