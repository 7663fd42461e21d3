"""Backup and restore as docs/operations.md tells: dumped while people sign up, restored elsewhere, all sign in."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, make_url
from starlette.testclient import TestClient

from app.main import create_app
from testing.api import MakeSettings, enable_totp, register, sign_in
from testing.required import missing

Run = Callable[..., Any]
DUMP = ["--single-transaction", "--quick", "--hex-blob", "--default-character-set=utf8mb4"]


@pytest.fixture
def client_program() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run one of MariaDB's own programs on a database."""
    for program in ("mariadb-dump", "mariadb"):
        if shutil.which(program) is None:
            missing("mariadb-dump", f"{program} is not installed (Debian: mariadb-client)")

    def client_program(program: str, url: URL, *flags: str, feed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        where = ["--no-defaults", f"--host={url.host}", f"--port={url.port or 3306}", f"--user={url.username}"]
        secret = [f"--password={url.password}"] if url.password else ["--skip-password"]
        command = [program, *where, *secret, *flags, url.database or ""]
        return subprocess.run(command, input=feed, capture_output=True, check=True)  # noqa: S603 MariaDB's own

    return client_program


def sign_up_people(api: Any) -> tuple[Any, Any]:
    """Make an account with a name beyond ASCII and one with a second factor."""
    plain = register(api, "bob", username="josé")
    return plain, enable_totp(sign_in(api, register(api)))


@pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
def test_a_dump_restores_and_everybody_signs_in(
    migrated_url: str,
    scratch_database: Callable[[], str],
    make_settings: MakeSettings,
    run: Run,
    client_program: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    """A dump into an empty database of a server that sorts otherwise by default gives the same tables and people."""
    settings = make_settings(migrated_url)
    with TestClient(create_app(settings), client=("127.0.0.1", 50000)) as api:
        plain, guarded = sign_up_people(api)
    dump = client_program("mariadb-dump", make_url(migrated_url), *DUMP).stdout
    restored = scratch_database()
    client_program("mariadb", make_url(restored), "--default-character-set=utf8mb4", feed=dump)

    assert run("--url", restored, "--check").status == 0
    elsewhere = make_settings(restored, jwt_secret_key=settings.jwt_secret_key)
    with TestClient(create_app(elsewhere), client=("127.0.0.1", 50000)) as api:
        assert sign_in(api, plain).get("/user/profile").json()["username"] == "josé"
        assert sign_in(api, guarded.person, totp=guarded.code()).get("/totp/status").json()["enabled"] is True
        guarded.http = api
        assert guarded.refresh().status_code == 200  # who was signed in when the backup was made still is


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_copy_of_a_file_in_use_is_whole(migrated_url: str, make_settings: MakeSettings, tmp_path: Path) -> None:
    """SQLite's own backup of a file that the API has open, which a plain copy of the file would not be."""
    settings, copy = make_settings(migrated_url), tmp_path / "copy.sqlite3"
    with TestClient(create_app(settings), client=("127.0.0.1", 50000)) as api:
        plain, _ = sign_up_people(api)
        with sqlite3.connect(make_url(migrated_url).database or "") as source, sqlite3.connect(copy) as target:
            source.backup(target)
        source.close()
        target.close()

    elsewhere = make_settings(f"sqlite:///{copy.as_posix()}", jwt_secret_key=settings.jwt_secret_key)
    with TestClient(create_app(elsewhere), client=("127.0.0.1", 50000)) as api:
        assert sign_in(api, plain).get("/user/profile").json()["username"] == "josé"
