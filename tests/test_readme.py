"""The README and the pages under docs/ say what the code does: every setting, endpoint, command and link."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.config import Settings
from app.errors import ApiError
from app.main import create_app
from app.web.problems import CODES, VALIDATION_CODE

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

# Read from the environment by others: uvicorn starts so many workers, and the settings share the cores among them.
READ_ELSEWHERE = {"WEB_CONCURRENCY"}
# Variables that are no settings of a part: for CreateDB, for the tests, and Flask's own.
# Of the images: read by deploy/start.py, docker-compose.yml, libraries.
OF_IMAGES = {
    *(
        "API_NETWORK",
        "PUPERO_SECRETS",
        "UI_PORT",
        "API_PORT",
        "MAIL_PORT",
        "TLS_BIND",
        "LOGIN_MEMORY",
        "MARIADB_BUFFER_POOL",
    ),
    *("DRAIN_SECONDS", "PROMETHEUS_MULTIPROC_DIR", "MARIADB_PYTHON_CONNECTOR", "GLIBC_TUNABLES"),
    *("PYTHON_IMAGE", "DEBIAN_IMAGE"),
}
OTHER_VARIABLES = {"APP_PASSWORD", "DB_PASSWORD", "PUPERO_REQUIRE", "FLASK_APP", "FLASK_ENV"}

ENDPOINTS_ASKED_FOR = {
    "POST /register",
    "POST /login",
    "POST /refresh",
    "POST /password/reset",
    "GET /user/profile",
    "PUT /user/update",
    "POST /totp/enable/start",
    "POST /totp/enable/confirm",
    "POST /totp/disable",
    "DELETE /user/delete",
}
COMMANDS_ASKED_FOR = {
    "python CreateDB/main.py --user root --host 127.0.0.1 --port 3306 --database pupero --create-database",
    "uvicorn app.main:app --reload --port 8000 --app-dir Login",
    "FLASK_APP=app.py FLASK_ENV=development flask run --port 5000",
    "pip install -r CreateDB/requirements.txt",
    "pip install -r Login/requirements.txt",
    "pip install -r FlaskProject/requirements.txt",
    "python3 dev.py",
    "python3 dev.py test",
}


def chapter(title: str) -> str:
    """Return the text under a heading, up to the next one of its rank."""
    match = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,3}} |\Z)", README, re.MULTILINE | re.DOTALL)
    assert match, title
    return match[2]


def first_column(title: str) -> set[str]:
    """Return what stands in code in the first column of a chapter's table."""
    rows = [line.split("|")[1] for line in chapter(title).splitlines() if line.startswith("|")]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def named_in(example: str) -> set[str]:
    """Return the variables of a .env.example, commented out or not."""
    return set(re.findall(r"^(?:# ?)?([A-Z][A-Z0-9_]*)=", (ROOT / example).read_text(encoding="utf-8"), re.MULTILINE))


def login_settings() -> set[str]:
    """Return the variables that the API reads."""
    return {name.upper() for name in Settings.model_fields} | READ_ELSEWHERE


def ui_settings() -> set[str]:
    """Return the variables that the pages read."""
    source = (ROOT / "FlaskProject" / "config.py").read_text(encoding="utf-8")
    return set(re.findall(r"""(?:_read\(settings, |settings\.get\()"([A-Z_]+)\"""", source))


def endpoints() -> set[str]:
    """Return what the API offers, as its own document says."""
    settings = Settings(database_url=SecretStr("sqlite:///never-opened.sqlite3"), jwt_secret_key=SecretStr("k" * 40))
    paths = create_app(settings).openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def commands() -> set[str]:
    """Return every line of the README's command blocks, which have no language."""
    blocks = re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return {line for block in blocks for line in block.splitlines()}


def test_the_readme_lists_the_backends_settings() -> None:
    """Each variable that the API reads is explained, and none that it does not read."""
    assert first_column("Login/app/.env") == login_settings()


@pytest.mark.parametrize("name", sorted(READ_ELSEWHERE))
def test_what_a_file_cannot_set_is_said_to_be_of_the_environment(name: str) -> None:
    """Whoever writes it into the .env would see no effect and no complaint."""
    example = (ROOT / "Login/app/.env.example").read_text(encoding="utf-8").partition(f"# {name}=")[0]
    row = next(line for line in chapter("Login/app/.env").splitlines() if line.startswith(f"| `{name}` |"))

    assert "environment only" in row
    assert "environment only" in example.splitlines()[-1]


def test_the_readme_lists_the_pages_settings() -> None:
    """Each variable that the pages read is explained, and none that they do not read."""
    assert first_column("FlaskProject/.env") == ui_settings()


def test_the_examples_name_every_setting() -> None:
    """Whoever copies a .env.example sees all there is, and nothing without effect."""
    assert named_in("Login/app/.env.example") == login_settings()
    assert named_in("FlaskProject/.env.example") == ui_settings()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_variable_that_nobody_reads(page: Path) -> None:
    """A variable in running text exists too."""
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", page.read_text(encoding="utf-8")))

    assert named - login_settings() - ui_settings() - OTHER_VARIABLES - OF_IMAGES == set()


def test_the_readme_lists_every_endpoint() -> None:
    """The table of the API is the API: nothing is missing and nothing is made up."""
    assert first_column("API overview") - errors_in_table() == endpoints()


def errors_in_table() -> set[str]:
    """Return the first column's words of the table of refusals, which are no endpoints."""
    return {word for word in first_column("API overview") if " /" not in word}


def test_the_readmes_codes_are_the_apis() -> None:
    """A code that the README tells a client to switch on is one that the API answers."""
    rows = [line for line in chapter("API overview").splitlines() if re.match(r"\| [45]\d\d \|", line)]
    named = {word for row in rows for word in re.findall(r"`([a-z_]+)`", row)} - {"login_token"}

    assert len(rows) > 5
    assert named - {error.code for error in kinds(ApiError)} == {VALIDATION_CODE, CODES[415]}


def kinds(family: type[ApiError]) -> list[type[ApiError]]:
    """Return every kind of refusal that there is."""
    return [kind for one in family.__subclasses__() for kind in (one, *kinds(one))]


def test_the_api_keeps_what_was_asked_for() -> None:
    """The ten endpoints of the specification are there under their names."""
    assert endpoints() >= ENDPOINTS_ASKED_FOR


def test_the_quickstart_keeps_what_was_asked_for() -> None:
    """The commands of the specification stand in the README to the letter."""
    assert commands() >= COMMANDS_ASKED_FOR


def test_the_readme_lists_createdbs_flags() -> None:
    """Each flag that CreateDB takes is explained, and none that it does not take."""
    command = [sys.executable, str(ROOT / "CreateDB" / "main.py"), "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603

    flags = {word for word in first_column("CreateDB/main.py") if word.startswith("--")}
    assert flags == set(re.findall(r"^ +(--[a-z-]+)", shown, re.MULTILINE))


def test_dev_py_knows_its_commands() -> None:
    """What the README says about dev.py, dev.py says about itself."""
    command = [sys.executable, str(ROOT / "dev.py"), "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603

    words = set(re.findall(r"python3 dev\.py ([a-z]+)", README)) | set(re.findall(r"`(--\w+-port)`", README))
    assert words >= {"test", "check", "lock", "--api-port", "--ui-port"}
    assert {word for word in words if word not in shown} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_local_links_lead_somewhere(page: Path) -> None:
    """No link into the repository is dead."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_named_files_exist() -> None:
    """Every file or folder that the layout names in code is there."""
    named = first_column("Repository layout")

    assert [name for name in named if not (ROOT / name).exists()] == []
