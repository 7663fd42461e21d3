"""docs/configuration.md and the examples say what the code reads: every variable, every flag, and no other."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import Settings
from testing.documents import PAGES, ROOT, chapter, first_column, list_rows, read

PAGE = ROOT / "docs" / "configuration.md"
# Read from the environment by others: uvicorn starts so many workers, and the settings share the cores among them.
READ_ELSEWHERE = {"WEB_CONCURRENCY"}
# Variables that are no settings of a part: for CreateDB, for the tests, and Flask's own.
OTHER_VARIABLES = {"APP_PASSWORD", "DB_PASSWORD", "PUPERO_REQUIRE", "PUPERO_SEED", "FLASK_APP", "FLASK_ENV"}
# Of the images: read by deploy/start.py, docker-compose.yml, libraries.
OF_IMAGES = {
    *("API_NETWORK", "PUPERO_SECRETS", "UI_PORT", "API_PORT", "MAIL_PORT", "TLS_BIND"),
    *("LOGIN_MEMORY", "MARIADB_BUFFER_POOL", "DRAIN_SECONDS", "PROMETHEUS_MULTIPROC_DIR"),
    *("MARIADB_PYTHON_CONNECTOR", "GLIBC_TUNABLES", "PYTHON_IMAGE", "DEBIAN_IMAGE"),
}


def login_settings() -> set[str]:
    """Return the variables that the API reads."""
    return {name.upper() for name in Settings.model_fields} | READ_ELSEWHERE


def ui_settings() -> set[str]:
    """Return the variables that the pages read."""
    source = read(ROOT / "FlaskProject" / "config.py")
    return set(re.findall(r"""(?:_read\(settings, |settings\.get\()"([A-Z_]+)\"""", source))


def named_in(example: str) -> list[str]:
    """Return the variables of a .env.example, commented out or not."""
    return re.findall(r"^(?:# ?)?([A-Z][A-Z0-9_]*)=", read(ROOT / example), re.MULTILINE)


def test_each_setting_of_the_backend_is_explained_once() -> None:
    """Each variable that the API reads has one row, and none that it does not read."""
    assert sorted(first_column(chapter(PAGE, "Login/app/.env"))) == sorted(login_settings())


def test_each_setting_of_the_pages_is_explained_once() -> None:
    """Likewise for the pages."""
    assert sorted(first_column(chapter(PAGE, "FlaskProject/.env"))) == sorted(ui_settings())


def test_each_flag_of_createdb_is_explained_once() -> None:
    """Each flag that CreateDB takes has one row, and none that it does not take."""
    command = [sys.executable, str(ROOT / "CreateDB" / "main.py"), "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603

    flags = first_column(chapter(PAGE, "CreateDB/main.py"))
    assert sorted(flags) == sorted(set(re.findall(r"^ +(--[a-z-]+)", shown, re.MULTILINE)))


@pytest.mark.parametrize("name", sorted(READ_ELSEWHERE))
def test_what_a_file_cannot_set_is_said_to_be_of_the_environment(name: str) -> None:
    """Whoever writes it into the .env would see no effect and no complaint."""
    example = read(ROOT / "Login/app/.env.example").partition(f"# {name}=")[0]
    [row] = [line for line in list_rows(chapter(PAGE, "Login/app/.env")) if line.startswith(f"| `{name}` |")]

    assert "environment only" in row
    assert "environment only" in example.splitlines()[-1]


def test_the_examples_name_every_setting() -> None:
    """Whoever copies a .env.example sees all there is, and nothing without effect."""
    assert set(named_in("Login/app/.env.example")) == login_settings()
    assert set(named_in("FlaskProject/.env.example")) == ui_settings()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_variable_that_nobody_reads(page: Path) -> None:
    """A variable in running text exists too."""
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", read(page)))

    assert named - login_settings() - ui_settings() - OTHER_VARIABLES - OF_IMAGES == set()
