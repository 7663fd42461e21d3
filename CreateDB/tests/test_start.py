"""The command's start: each task loads what it needs, for that is most of what a short one takes."""

import gc
import json
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest
from alembic.script import ScriptDirectory

from CreateDB.command.arguments import TASKS as FLAGS
from CreateDB.command.arguments import UPGRADE
from CreateDB.command.loading import loading
from CreateDB.main import TASKS
from CreateDB.server.engine import make_engine
from CreateDB.tables.revisions import MIGRATIONS, list_current, list_revisions
from CreateDB.tables.upgrade import upgrade

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"alembic", "app.config", "app.services", "argon2", "babel", "cryptography", "fastapi"}
HEAVY |= {"httpx", "jose", "passlib", "pydantic_settings"}
LOOK = """
import json, sys
from CreateDB.main import main
try:
    main(sys.argv[2:])
except SystemExit:
    pass
print(json.dumps([name for name in sys.argv[1].split(",") if name in sys.modules]))
"""


END = """
import atexit, gc
from CreateDB.command.terminal import prepare_process
atexit.register(lambda: print(gc.get_freeze_count() > 0))  # the last that is registered goes first
prepare_process()
"""


def load(heavy: set[str], *flags: str) -> list[str]:
    """Run the command in a fresh Python and return what of the heavy it has loaded."""
    command = [sys.executable, "-c", LOOK, ",".join(sorted(heavy)), *flags]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 our own words
    loaded: list[str] = json.loads(process.stdout.splitlines()[-1])
    return loaded


@pytest.mark.parametrize("flags", [["--help"], ["--port", "0"]])
def test_whoever_asks_for_the_flags_waits_for_no_database(flags: list[str]) -> None:
    """--help, and the answer to a mistyped flag, load neither SQLAlchemy nor what is built on it."""
    assert load({"sqlalchemy", "pydantic", "sqlmodel", *HEAVY}, *flags) == []


@pytest.mark.parametrize("flags", [["--check"], ["--list-users"], ["--show-user", "x"], ["--events", "all"]])
def test_a_look_loads_no_more_than_tables_and_driver(tmp_path: Path, flags: list[str]) -> None:
    """Where flags say which database it is, a task that only looks needs no settings, migrations or cryptography."""
    url = f"sqlite:///{tmp_path}/looked_at.sqlite3"
    upgrade(url)

    assert load(HEAVY, "--url", url, *flags) == []


def test_only_an_upgrade_loads_the_library_of_migrations(tmp_path: Path) -> None:
    """To make tables Alembic is there; to sweep them it is not."""
    url = f"sqlite:///{tmp_path}/made.sqlite3"

    assert load({"alembic"}, "--url", url) == ["alembic"]
    assert load({"alembic", "passlib", "fastapi"}, "--url", url, "--sweep") == []


def test_whoever_waits_for_the_load_waits_for_no_collection() -> None:
    """What is loaded stays, so nobody looks through it for garbage: neither meanwhile, which ends with it, nor last."""
    gc.collect()
    before = gc.get_stats()[0]["collections"]
    with loading():
        kept = [[number] for number in range(100_000)]
        meanwhile = gc.get_stats()[0]["collections"]
    ended = subprocess.run([sys.executable, "-c", END], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603

    assert (len(kept), meanwhile - before) == (100_000, 0)
    assert gc.isenabled()
    assert ended.stdout == "True\n"


def test_each_flag_has_a_task_that_is_there() -> None:
    """A task is named in words until it is chosen: each name leads to a function, and each flag has one."""
    assert {*FLAGS, UPGRADE} == {*TASKS}
    assert all(callable(resolve_name(name)) for name in TASKS.values())


def test_revisions_are_as_alembic_reads_them(database_url: str) -> None:
    """What the names of files and one SELECT say of revisions is what the library says, which reads each file."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    with make_engine(database_url).connect() as connection:
        current = list_current(connection)

    assert list_revisions() == [script.revision for script in reversed(list(scripts.walk_revisions()))]
    assert current == [scripts.get_current_head()]
