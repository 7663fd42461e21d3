"""docker compose: whatever the docs send into a file arrives in the containers, letter by letter."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import Settings
from testing.required import missing

ROOT = Path(__file__).resolve().parent.parent
API, PAGES = {"login", "createdb"}, {"ui"}
FILES = {"login.env": API, "ui.env": PAGES}
CONFIG = (ROOT / "FlaskProject" / "config.py").read_text(encoding="utf-8")
DOCUMENTED = {
    "login.env": {name.upper() for name in Settings.model_fields} | {"WEB_CONCURRENCY"},
    "ui.env": set(re.findall(r"""(?:_read\(settings, |settings\.get\()"([A-Z_]+)\"""", CONFIG)),
}
DOLLARS = "pa$word1 ${HOME} $$ 'x' #"  # what compose makes something else of, unless it is told not to

Ask = Callable[[Mapping[str, str]], dict[str, dict[str, str]]]


@cache
def services() -> dict[str, Any]:
    """Return the services of docker-compose.yml as they are written."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return read["services"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("file", FILES)
def test_nothing_overrules_the_operators_file(file: str) -> None:
    """What stands under `environment:` beats every file, in silence: no setting of a part may stand there."""
    for service in FILES[file]:
        fixed = {name.removesuffix("_FILE") for name in services()[service].get("environment", {})}
        defaults, theirs = services()[service]["env_file"]

        assert not fixed & DOCUMENTED[file]
        assert defaults == f"deploy/compose/{file}"
        assert theirs == {"path": file, "required": False, "format": "raw"}


@pytest.mark.parametrize("file", FILES)
def test_the_defaults_name_settings_only(file: str) -> None:
    """A mistyped default would be no setting of anybody."""
    lines = (ROOT / "deploy" / "compose" / file).read_text(encoding="utf-8").splitlines()
    names = {line.partition("=")[0].removesuffix("_FILE") for line in lines if not line.startswith("#")}

    assert names <= DOCUMENTED[file]


def test_the_docs_name_what_env_may_hold() -> None:
    """docs/containers.md lists every variable that compose takes from .env or from the command line."""
    texts = [(ROOT / "docker-compose.yml"), *(ROOT / "deploy" / "compose").iterdir()]
    taken = {name for path in texts for name in re.findall(r"\$\{([A-Z_]+)", path.read_text(encoding="utf-8"))}
    docs = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")

    assert {name for name in taken if f"`{name}`" not in docs} == set()


def test_the_doctor_gets_wherever_the_api_gets() -> None:
    """A mail server that it cannot reach would be a failure that nobody has; it asks neither balancer nor pages."""
    assert set(services()["login"]["networks"]) - {"api"} <= set(services()["createdb"]["networks"])


@pytest.fixture
def ask_compose(tmp_path: Path) -> Ask:
    """Give a function that writes files beside docker-compose.yml, and returns what each service would be given."""
    if shutil.which("docker") is None or _compose("version").returncode:
        missing("docker-compose", "no docker compose is installed")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copytree(ROOT / "deploy" / "compose", tmp_path / "deploy" / "compose")

    def ask(files: Mapping[str, str]) -> dict[str, dict[str, str]]:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        done = _compose("config", "--format", "json", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        parts = json.loads(done.stdout)["services"]
        # Printed so that it could be read again: a dollar is doubled.
        return {
            part: {name: value.replace("$$", "$") for name, value in parts[part]["environment"].items()}
            for part in API | PAGES
        }

    return ask


def _compose(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run docker compose without an engine, and without any setting of this machine."""
    kept = {name: value for name in ("PATH", "HOME", "SYSTEMROOT") if (value := os.environ.get(name))}
    command = ["docker", "compose", *arguments]
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 from PATH


def test_every_documented_setting_arrives(ask_compose: Ask) -> None:
    """Each setting in the file of its part reaches that part as it was written, dollars included."""
    written = {file: {name: f"{name} {DOLLARS}" for name in names} for file, names in DOCUMENTED.items()}
    given = ask_compose(
        {file: "".join(f"{name}={value}\n" for name, value in settings.items()) for file, settings in written.items()}
    )

    for file, parts in FILES.items():
        for part in parts:
            assert {name: given[part][name] for name in written[file]} == written[file]


def test_env_serves_what_no_file_of_a_part_says(ask_compose: Ask) -> None:
    """.env is read for both parts, the part's own file wins, and without either the defaults stand."""
    assert ask_compose({})["login"]["ENVIRONMENT"] == "development"
    given = ask_compose(
        {
            ".env": "ENVIRONMENT=production\nMAIL_FROM=Accounts <accounts@example.com>\nSECURE_COOKIES=true\n",
            "login.env": "MAIL_FROM=Ours <ours@example.com>\n",
        }
    )

    assert {given[part]["ENVIRONMENT"] for part in API | PAGES} == {"production"}
    assert given["login"]["MAIL_FROM"] == given["createdb"]["MAIL_FROM"] == "Ours <ours@example.com>"
    assert given["ui"]["SECURE_COOKIES"] == "true"
    assert given["login"]["TRUSTED_PROXIES"] == "172.16.213.128/25"
