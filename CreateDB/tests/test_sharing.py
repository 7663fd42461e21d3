"""One definition: tables and bodies are the backend's own objects, and cost neither of its frameworks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import app.models
import CreateDB.models

ROOT = Path(__file__).resolve().parents[2]


def public_names(module: ModuleType) -> set[str]:
    """Return what a module has to give."""
    return {name for name in vars(module) if not name.startswith("_")}


def test_tables_are_the_same_objects() -> None:
    """Each name that the backend's models export is the very same object here."""
    for name in public_names(app.models):
        assert getattr(CreateDB.models, name) is getattr(app.models, name)


def test_bodies_are_the_same_objects() -> None:
    """Each name that the backend's schemas export is the very same object here."""
    import app.schemas  # noqa: PLC0415 beside its mirror
    import CreateDB.schemas  # noqa: PLC0415 beside its original

    for name in public_names(app.schemas):
        assert getattr(CreateDB.schemas, name) is getattr(app.schemas, name)


def test_it_needs_neither_fastapi_nor_flask() -> None:
    """With both frameworks blocked mirrors and tasks still import, so CreateDB's requirements stay few."""
    blocked = "import sys; sys.modules.update(dict.fromkeys(('fastapi', 'starlette', 'flask'))); "
    everything = (
        "import CreateDB.models, CreateDB.schemas, CreateDB.running, pkgutil; from CreateDB.main import TASKS; "
    )
    process = subprocess.run(  # noqa: S603 our own words
        [sys.executable, "-c", f"{blocked}{everything}[pkgutil.resolve_name(task) for task in TASKS.values()]"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.stderr == ""
    assert process.returncode == 0


def test_copied_without_the_backend_it_says_what_is_missing(tmp_path: Path) -> None:
    """The folder alone cannot work, and installing packages would not help."""
    shutil.copytree(ROOT / "CreateDB", tmp_path / "CreateDB", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    process = subprocess.run(
        [sys.executable, "CreateDB/main.py", "--help"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 1
    assert process.stderr == (
        "Error: The folder CreateDB needs Login beside it, whose tables and settings it shares: copy both.\n"
    )


def test_alembic_check_works_from_any_directory(tmp_path: Path) -> None:
    """A contributor's `alembic check` needs no database, and finds models and migrations equal."""
    process = subprocess.run(  # noqa: S603 our own words
        [sys.executable, "-m", "alembic", "-c", str(ROOT / "CreateDB" / "alembic.ini"), "check"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "No new upgrade operations detected." in process.stdout
    assert process.returncode == 0
