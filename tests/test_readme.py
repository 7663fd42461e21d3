"""The README is short, keeps to the letter what was asked for, and what it repeats of another page stands there too."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.config import Settings
from FlaskProject.config import load_config
from testing.documents import README, ROOT, chapter, in_code, list_blocks, list_rows, read

LINES_MAX = 220  # so that it is read

CREATEDB = "python CreateDB/main.py --user root --host 127.0.0.1 --port 3306 --database pupero --create-database"
QUICKSTART = [
    "python -m venv .venv",
    "source .venv/bin/activate",
    "pip install -r CreateDB/requirements.txt",
    "pip install -r Login/requirements.txt",
    "pip install -r FlaskProject/requirements.txt",
    CREATEDB,
    "export DB_PASSWORD='your-db-password'",
    CREATEDB,
    CREATEDB.replace("--host", "--password 'your-db-password' --host"),
    "DATABASE_URL=mariadb+mariadbconnector://USER:PASSWORD@127.0.0.1:3306/pupero",
    "JWT_SECRET_KEY=please-change-me",
    "JWT_ACCESS_TOKEN_EXPIRE_MINUTES=30",
    "JWT_REFRESH_TOKEN_EXPIRE_MINUTES=1440",
    "REMEMBER_ME_DAYS=30",
    "ANTI_PHISHING_PHRASE_DEFAULT=Welcome to Pupero",
    "SQL_ECHO=false  # set true only for local debugging",
    "uvicorn app.main:app --reload --port 8000 --app-dir Login",
    "BACKEND_URL=http://127.0.0.1:8000",
    "SECRET_KEY=please-change-me",
    "REMEMBER_ME_DAYS=30",
    "SECURE_COOKIES=false  # set true in production with HTTPS",
    "SESSION_COOKIE_SAMESITE=Lax",
    "cd FlaskProject",
    "FLASK_APP=app.py FLASK_ENV=development flask run --port 5000",
]
SETTINGS = {
    "Login/app/.env": [line.partition("=")[0] for line in QUICKSTART[9:16]],
    "FlaskProject/.env": [line.partition("=")[0] for line in QUICKSTART[17:22]],
    "CreateDB/main.py": [
        *("--user", "--password", "--host", "--port", "--database", "--driver", "--echo", "--create-database"),
    ],
}
ENDPOINTS = [
    *("POST /register", "POST /login", "POST /refresh", "POST /password/reset"),
    *("GET /user/profile", "PUT /user/update"),
    *("POST /totp/enable/start", "POST /totp/enable/confirm", "POST /totp/disable", "DELETE /user/delete"),
]
CHAPTERS = [
    *("What is implemented", "Repository layout", "Quickstart", "Configuration reference", "API overview"),
    *("Security", "Development tips", "Troubleshooting"),
]


def test_it_is_short() -> None:
    """What does not fit stands in a page of its own."""
    assert len(read(README).splitlines()) <= LINES_MAX


@pytest.mark.parametrize("title", CHAPTERS)
def test_each_chapter_that_was_asked_for_is_there(title: str) -> None:
    """The specification's chapters are found under their names."""
    assert chapter(README, title).strip()


def test_the_quickstart_is_the_one_that_was_asked_for() -> None:
    """Its commands and settings stand there to the letter, in order, and nothing else."""
    lines = [line for block in list_blocks(chapter(README, "Quickstart")) for line in block.splitlines()]

    assert lines == QUICKSTART
    assert r"`.venv\Scripts\activate`" in chapter(README, "Quickstart")


def test_the_quickstarts_settings_are_read_as_they_stand(tmp_path: Path) -> None:
    """Both files, comments behind values included, mean what they say."""
    login, pages = (tmp_path / name for name in ("login.env", "pages.env"))
    login.write_text("\n".join(QUICKSTART[9:16]), encoding="utf-8")
    pages.write_text("\n".join(QUICKSTART[17:22]), encoding="utf-8")
    settings, config = Settings(_env_file=login), load_config({}, pages)

    assert (settings.sql_echo, settings.anti_phishing_phrase_default) == (False, "Welcome to Pupero")
    assert settings.jwt_secret_key == SecretStr("please-change-me")
    assert (config.secure_cookies, config.samesite, config.remember_me) == (False, "Lax", timedelta(days=30))


def test_the_settings_that_were_asked_for_are_explained() -> None:
    """Its table has these variables and flags, with the words of docs/configuration.md, and no others."""
    page = ROOT / "docs" / "configuration.md"
    rows = list_rows(chapter(README, "Configuration reference"))

    named: dict[str, list[str]] = {}
    for part, row in by_part(rows):
        assert row in list_rows(chapter(page, part))
        named.setdefault(part, []).extend(in_code(row.split("|")[1]))
    assert named == SETTINGS


def by_part(rows: list[str]) -> Iterator[tuple[str, str]]:
    """Return each row with the part in bold above it."""
    part = ""
    for row in rows:
        if heading := re.fullmatch(r"\| \*\*(.+)\*\* \| \|", row):
            part = heading[1]
        else:
            yield part, row


def test_the_endpoints_that_were_asked_for_are_listed() -> None:
    """Its table has these ten, with the words of docs/api.md."""
    rows = list_rows(chapter(README, "API overview"))

    assert [row.split("`")[1] for row in rows] == ENDPOINTS
    assert set(rows) <= set(list_rows(chapter(ROOT / "docs" / "api.md", "Endpoints")))


def test_dev_py_knows_its_commands() -> None:
    """What the README and docs/development.md say about dev.py, dev.py says about itself."""
    command = [sys.executable, str(ROOT / "dev.py"), "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603

    assert list_blocks(chapter(README, "Two commands")) == ["python3 dev.py\npython3 dev.py test\n"]
    told = read(README) + read(ROOT / "docs" / "development.md")
    words = set(re.findall(r"python3 dev\.py ([a-z]+)", told)) | set(re.findall(r"`(--\w+-port)`", told))
    assert words >= {"test", "check", "lock", "--api-port", "--ui-port"}
    assert {word for word in words if word not in shown} == set()


def test_the_layout_names_what_is_there() -> None:
    """Every file and folder of the layout exists, those of the specification among them."""
    named = set(list_layout())

    assert {name for name in named if not (ROOT / name).exists()} == set()
    assert named >= {f"{part}/requirements.txt" for part in ("Login", "FlaskProject", "CreateDB")}
    assert named >= {f"Login/app/{name}.py" for name in ("main", "auth", "database", "deps", "models", "schemas")}
    assert named >= {f"CreateDB/{name}.py" for name in ("main", "models", "schemas")}
    assert named >= {"Login/app/config.py", "FlaskProject/app.py", "FlaskProject/config.py", "FlaskProject/templates/"}


def list_layout() -> Iterator[str]:
    """Return each path of the layout; one that is not at the root stands in the folder whose line is not indented."""
    [tree] = list_blocks(chapter(README, "Repository layout"))
    folder = ""
    for line in tree.splitlines():
        paths = [word.rstrip(",;:") for word in line.split() if re.search(r"/|\.(py|txt|yml)\b", word)]
        folder = folder if line.startswith(" ") else paths[0]
        yield from (path if (ROOT / path).exists() else f"{folder}{path}" for path in paths)
