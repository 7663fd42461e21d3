"""Clients that generators make of the OpenAPI document: they type-check, and sign in in two steps."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from testing.api import PASSWORD, StartApi, enable_totp, register, sign_in
from testing.declared import make_document
from testing.required import missing

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "openapi"
TOOLS = FOLDER / "node_modules" / ".bin"
ALONE = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
GENERATE = "generate --fail-on-warning --meta none --config generator.yaml"
TSC = "--noEmit --strict --target es2022 --lib es2022,dom --module es2022 --moduleResolution bundler"
# What somebody would type into a Python prompt beside the generated client.
SESSION = """import sys
from pupero_client import Client
from sign_in import sign_in
print(sign_in(Client(base_url=sys.argv[1]), "alice", sys.argv[2], lambda: sys.argv[3]).access_token)
"""


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: the client is the same on every database."""
    return sqlite_copy


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Give the document as a file."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(make_document()), encoding="utf-8")
    return path


def run(*command: str | Path, folder: Path) -> str:
    """Run a tool in a folder; it must succeed."""
    done = subprocess.run(  # noqa: S603 tools that we name
        [*map(str, command)], cwd=folder, env={**os.environ, **ALONE}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


def tool(name: str) -> str:
    """Return a tool of docs/openapi/package.json, where `npm ci` has been run there."""
    found = shutil.which("node") and shutil.which(name, path=str(TOOLS))
    return found or missing("node", f"no {name}; npm ci --ignore-scripts --prefix {FOLDER}")


def test_the_python_client_signs_in_and_type_checks(
    document: Path, tmp_path: Path, start_api: StartApi, request: pytest.FixtureRequest
) -> None:
    """Made without a warning, checked by mypy strict, and run: docs/openapi/sign_in.py takes both steps."""
    (tmp_path / "generator.yaml").write_text("post_hooks: []", encoding="utf-8")  # nothing to format for a test
    run(
        sys.executable,
        "-m",
        "openapi_python_client",
        *GENERATE.split(),
        "--path",
        document,
        "--output-path",
        tmp_path / "pupero_client",
        folder=tmp_path,
    )
    shutil.copy(FOLDER / "sign_in.py", tmp_path)
    cache = request.config.cache.mkdir("mypy-of-clients") if request.config.cache else tmp_path / "cache"
    check = ("-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", "sign_in.py", "pupero_client")
    run(sys.executable, *check, folder=tmp_path)
    server = start_api()
    with httpx2.Client(base_url=server.url) as http:
        user = enable_totp(sign_in(http, register(http)))
        user.access_token = run(
            sys.executable, "-c", SESSION, server.url, PASSWORD, user.code(), folder=tmp_path
        ).strip()

        assert user.get("/user/profile").json()["username"] == "alice"


def test_typescript_of_it_type_checks(document: Path, tmp_path: Path) -> None:
    """By openapi-typescript and tsc: `code` tells the refusals apart, and only one of a login has a login_token."""
    run(tool("openapi-typescript"), document, "--output", tmp_path / "api.d.ts", folder=tmp_path)
    shutil.copy(FOLDER / "sign_in.ts", tmp_path)

    run(tool("tsc"), *TSC.split(), "sign_in.ts", folder=tmp_path)


def test_redocly_finds_nothing(document: Path) -> None:
    """No error and no warning, but for what docs/openapi/redocly.yaml gives a reason for."""
    run(tool("redocly"), "lint", "--config", FOLDER / "redocly.yaml", document, folder=document.parent)


def test_spectral_finds_nothing(document: Path) -> None:
    """No error, warning or hint, but for what docs/openapi/spectral.yaml gives a reason for."""
    ruleset = FOLDER / "spectral.yaml"
    run(tool("spectral"), "lint", "--fail-severity=hint", "--ruleset", ruleset, document, folder=document.parent)
