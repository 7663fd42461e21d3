"""Backup and restore as docs/operations.md tells: dumped while people sign up, restored elsewhere, all sign in."""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, make_url
from starlette.testclient import TestClient

from app.main import create_app
from CreateDB.server.engine import make_engine
from testing.api import MakeSettings, enable_totp, register, sign_in
from testing.required import missing

Run = Callable[..., Any]
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
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


@pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
def test_a_restore_leaves_nothing_of_what_was_there(
    migrated_url: str,
    scratch_database: Callable[[], str],
    client_program: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    """A table that the backup does not know would keep its rows, for whoever gets their numbers next."""
    texts = [OPERATIONS.read_text(encoding="utf-8"), (OPERATIONS.parent / "clusters.md").read_text(encoding="utf-8")]
    [statement, in_containers] = [re.findall(r'"([^"]*CREATE DATABASE pupero [^"]*)"', text)[0] for text in texts]
    source, url = make_url(migrated_url), make_url(scratch_database())
    client_program("mariadb", url, feed=client_program("mariadb-dump", source, *DUMP).stdout)
    younger = f"--ignore-table={source.database}.trusted_devices"
    dump = client_program("mariadb-dump", source, *DUMP, younger).stdout

    anew = re.sub(r"\bpupero\b", str(url.database), statement)
    client_program("mariadb", url.set(database=""), f"--execute={anew}")
    client_program("mariadb", url, "--default-character-set=utf8mb4", feed=dump)

    with make_engine(url).connect() as connection:
        tables = connection.exec_driver_sql("SHOW TABLES").scalars().all()
    assert "users" in tables
    assert "trusted_devices" not in tables
    assert in_containers == statement


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


def documented(line: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the first or second SQLite command of the operations page, in a folder with the file in var/."""
    script = re.findall(r'^python3 -c "(import sqlite3; .*)"$', OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)[
        line
    ]
    command = [sys.executable, "-W", "ignore", "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 our own words


def names(file: Path) -> list[str]:
    """Return what is in the file's one table."""
    with sqlite3.connect(file) as connection:
        found = [row[0] for row in connection.execute("SELECT name FROM people ORDER BY name")]
    connection.close()
    return found


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """Give a file that was backed up as documented, changed, and left with its -wal as by an API that was killed."""
    file = tmp_path / "var" / "pupero.sqlite3"
    file.parent.mkdir()
    with sqlite3.connect(file) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("CREATE TABLE people (name TEXT)")
        writer.execute("INSERT INTO people VALUES ('before')")
        writer.commit()
        assert documented(0, tmp_path).stderr == ""
        writer.execute("INSERT INTO people VALUES ('after')")
        writer.commit()
        left = {path: path.read_bytes() for path in file.parent.iterdir()}
    writer.close()
    for path, content in left.items():
        path.write_bytes(content)
    assert len(left) == 3
    return file


def test_a_restored_file_is_the_backup_whatever_was_left_beside_it(killed: Path, tmp_path: Path) -> None:
    """A -wal left by a killed API does not bring back what the restore was to undo."""
    assert documented(1, tmp_path).stderr == ""

    assert names(killed) == ["before"]


def test_a_plain_copy_is_what_the_page_warns_of(killed: Path, tmp_path: Path) -> None:
    """Copied over the file, the backup is undone by the -wal, unless that is deleted first."""
    shutil.copy(tmp_path / "backup.sqlite3", killed)
    undone = names(killed)

    shutil.copy(tmp_path / "backup.sqlite3", killed)
    for suffix in ("-wal", "-shm"):
        Path(f"{killed}{suffix}").unlink(missing_ok=True)

    assert (undone, names(killed)) == (["after", "before"], ["before"])


@pytest.mark.parametrize("line", [0, 1])
def test_a_mistyped_name_empties_nothing(tmp_path: Path, line: int) -> None:
    """A source that is not there is an error: made on the spot, it would replace everything by nothing."""
    (tmp_path / "var").mkdir()

    outcome = documented(line, tmp_path)

    assert outcome.returncode == 1
    assert "unable to open database file" in outcome.stderr
    assert list((tmp_path / "var").iterdir()) == []
