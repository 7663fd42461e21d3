"""The package index, asked by uv which of a lock's packages are ready-built for another system and Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testing.required import missing

SECONDS = 120
UV = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-deps", "--no-header", "--only-binary=:all:"]


def resolve(lock: Path, platform: str, version: str, **environment: str) -> str:
    """Return why uv finds no ready-built packages for the whole lock, or nothing when it does."""
    command = [*UV, f"--python-platform={platform}", f"--python-version={version}", str(lock)]
    refusal = ""
    for more in (["--offline"], []):  # what uv has read of the pinned versions before is true today
        done = subprocess.run(
            [*command, *more],
            env=os.environ | {"UV_HTTP_TIMEOUT": "30"} | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode == 0:
            return ""
        refusal = done.stderr
    return refusal


@pytest.fixture(scope="session")
def package_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where no index answers: the smallest lock there is cannot be resolved either."""
    lock = tmp_path_factory.mktemp("index") / "one.txt"
    lock.write_text("annotated-types>=0.7\n", encoding="utf-8")
    try:
        refusal = resolve(lock, "x86_64-unknown-linux-gnu", "3.11", UV_HTTP_TIMEOUT="5", UV_HTTP_RETRIES="0")
    except subprocess.TimeoutExpired:
        refusal = f"no answer within {SECONDS} s"
    if refusal:
        missing("index", f"uv reaches no package index ({refusal.strip().splitlines()[-1]})")
