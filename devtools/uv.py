"""uv, which installs in a second or two what takes pip half a minute; where it does not manage, pip does."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from devtools import ROOT, background, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PIN = re.compile(r"^uv==(?:.*\\\n)*.*\n", re.MULTILINE)
PINNED_IN = ROOT / "requirements-dev.lock"

# How uv is told what pip has been told about where packages come from.
SOURCES = {
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_DEFAULT_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_KEYRING_PROVIDER": "UV_KEYRING_PROVIDER",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_PROXY": "ALL_PROXY",
    "PIP_RETRIES": "UV_HTTP_RETRIES",
    "PIP_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
}
# uv's own settings of that kind; all others are about somebody else's work, as with pip.
KEPT = {*SOURCES.values(), "UV_CACHE_DIR", "UV_OFFLINE", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"}


def find() -> list[str | Path]:
    """Return how the person's own uv is called; nothing where there is none."""
    found = shutil.which("uv")
    return [found] if found else []


def pin() -> str:
    """Return the lines of the development lock that name the uv we know, hashes included."""
    found = PIN.search(PINNED_IN.read_text(encoding="utf-8"))
    return found[0] if found else ""


def install(uv: list[str | Path], lock: Path, python: Path, sources: Mapping[str, str]) -> bool:
    """Install the lock and tell whether that worked; from all indexes alike, as pip does, for the hashes decide."""
    options = ["--require-hashes", "--only-binary", ":all:", "--index-strategy", "unsafe-best-match", "--quiet"]
    command = [*uv, "pip", "install", *options, "--python", python, "-r", lock]
    status, _ = background.run(command, environment=environment(sources))
    if status != 0:
        say("  uv does not manage it; pip tries, which takes longer.")
    return status == 0


def environment(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for uv, with pip's settings about sources unless uv has its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("UV_") or name in KEPT}
    return {SOURCES[name]: value for name, value in sources.items() if name in SOURCES} | own
