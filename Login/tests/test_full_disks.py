"""A database without room: what cannot be kept is refused as unavailable, and all goes on once there is room."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import make_url, text

from CreateDB.server.engine import make_engine
from CreateDB.tables.upgrade import upgrade
from testing.api import PASSWORD, StartApi, register, sign_in
from testing.mariadb_server import unavailable
from testing.processes import Server
from testing.required import missing
from testing.smtp import wait_until

if sys.platform != "linux":
    pytest.skip("disks are filled as Linux knows them", allow_module_level=True)

from testing.disks import Disk, FixedTables, FrozenFiles, SmallDisk, SmallServer

LONGEST = 2000  # registrations, until there is no room for one
PATIENT = 60.0  # seconds, for a crowded machine


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite where a test does not say otherwise."""
    return sqlite_copy


@pytest.fixture
def small_disk(tmp_path: Path, sqlite_copy: str) -> Iterator[tuple[SmallDisk, str]]:
    """Give a real file system of few megabytes with a migrated SQLite file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        disk = SmallDisk(folder, 8)
    except (subprocess.CalledProcessError, FileNotFoundError):
        missing("mount", "this account may not mount a small file system")
    (folder / "pupero.sqlite3").write_bytes(Path(make_url(sqlite_copy).database or "").read_bytes())
    yield disk, f"sqlite:///{folder}/pupero.sqlite3"
    disk.remove()


@pytest.fixture
def fixed_tables() -> Iterator[FixedTables]:
    """Give a MariaDB whose tables have a fixed room."""
    if reason := unavailable():
        missing("mariadb", reason)
    tables = FixedTables()
    upgrade(tables.url)
    yield tables
    tables.remove()


@pytest.fixture
def small_server() -> Iterator[SmallServer]:
    """Give a MariaDB whose files lie on a file system of few megabytes."""
    if reason := unavailable():
        missing("mariadb", reason)
    try:
        server = SmallServer(160)
    except (subprocess.CalledProcessError, FileNotFoundError):
        missing("mount", "this account may not mount a small file system")
    upgrade(server.url)
    yield server
    server.remove()


def test_sqlite_on_a_full_disk(start_api: StartApi, small_disk: tuple[SmallDisk, str]) -> None:
    """The file system has no room (SQLITE_FULL)."""
    disk, url = small_disk
    outlast(start_api(DATABASE_URL=url, RATE_LIMITS_ENABLED="false"), disk, url)


def test_sqlite_whose_files_cannot_grow(start_api: StartApi, migrated_url: str) -> None:
    """A quota, or a limit of the service manager's (SQLITE_IOERR)."""
    api = start_api(RATE_LIMITS_ENABLED="false")
    outlast(api, FrozenFiles(api.pid, Path(make_url(migrated_url).database or "")), migrated_url)


def test_mariadb_without_room(start_api: StartApi, fixed_tables: FixedTables) -> None:
    """The table is full (error 1114)."""
    url = fixed_tables.url
    outlast(start_api(DATABASE_URL=url, RATE_LIMITS_ENABLED="false"), fixed_tables, url)


def test_mariadb_on_a_full_disk(start_api: StartApi, small_server: SmallServer) -> None:
    """The file system under its files has no room."""
    url = small_server.url
    outlast(start_api(DATABASE_URL=url, RATE_LIMITS_ENABLED="false"), small_server, url)


def outlast(api: Server, disk: Disk, url: str) -> None:
    """Fill the disk, see what people see, make room, and require that nothing was lost or half done."""
    with httpx2.Client(base_url=api.url, timeout=PATIENT) as http:
        user = sign_in(http, register(http))
        disk.fill()
        kept, body, refusal = register_until_refused(http)
        reading = user.get("/user/profile")
        disk.free()
        wait_until(lambda: http.post("/register", json=body).status_code == httpx2.codes.OK)
        going_on = user.refresh()

    assert (refusal.status_code, refusal.json()["code"]) == (503, "database_unavailable")
    assert int(refusal.headers["retry-after"]) >= 1
    assert (reading.status_code, going_on.status_code) == (200, 200)
    assert count_people(url) == (kept + 2, kept + 2)
    assert "unhandled_error" not in api.read_log()


def register_until_refused(http: httpx2.Client) -> tuple[int, dict[str, str], httpx2.Response]:
    """Let people come until one is refused; tell how many had come, and who was refused how."""
    for number in range(LONGEST):
        body = {"email": f"person{number}@example.com", "password": PASSWORD}
        answer = http.post("/register", json=body)
        if answer.status_code != httpx2.codes.OK:
            return number, body, answer
    raise AssertionError("the disk is never full")


def count_people(url: str) -> tuple[int, int]:
    """Count the accounts, and those that were sent the mail that belongs to an account."""
    counts = "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(DISTINCT user_id) FROM mails)"
    with make_engine(url).connect() as connection:
        people, written_to = connection.execute(text(counts)).one()
    return people, written_to
