"""One file's text means the same to the API, to the pages, to CreateDB and to dev.py, whichever editor wrote it."""

import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from app.config import Settings
from CreateDB.command.api_settings import find_database_url
from devtools import migration
from FlaskProject.config import load_config

KEY = "Zq8v-3kPw_7LmN2xTb5RdYc9HsJf4GaE6UiOh1KtQrXy0"
DATABASE = "sqlite:////tmp/x.sqlite3"

CASES = {
    "plain": (f"KEY={KEY}", KEY),
    "a dollar": (f"KEY=ab$PATH{KEY}$", f"ab$PATH{KEY}$"),
    "a variable": (f"KEY=ab${{HOME}}{KEY}", f"ab${{HOME}}{KEY}"),
    "a variable with a default": (f'KEY="ab${{NOBODY:-x}}{KEY}"', f"ab${{NOBODY:-x}}{KEY}"),
    "quotes": (f'KEY="{KEY}"', KEY),
    "single quotes": (f"KEY='{KEY} #1'", f"{KEY} #1"),
    "export": (f"export KEY={KEY}", KEY),
    "a comment": (f"# KEY=other\nKEY={KEY}  # ours", KEY),
    "blanks": (f"KEY = {KEY}", KEY),
    "small letters": (f"key={KEY}", KEY),
    "twice": (f"KEY=other\nKEY={KEY}", KEY),
    "Windows": (f"KEY={KEY}\r\n", KEY),
}


def names(text: str, name: str) -> str:
    """Put a setting's name, in the letters of the case, in the place of KEY."""
    return text.replace("KEY=", f"{name}=").replace("KEY =", f"{name} =").replace("key=", f"{name.lower()}=")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.asvs("13.2.3")
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
@pytest.mark.parametrize(("text", "value"), CASES.values(), ids=CASES.keys())
def test_both_parts_read_a_secret_alike(tmp_path: Path, text: str, value: str, mark: str) -> None:
    """A secret is taken to the letter: one that lost what stood behind a `$` is shorter, and nobody knows."""
    api, pages = tmp_path / "api.env", tmp_path / "pages.env"
    api.write_text(f"{mark}{names(text, 'JWT_SECRET_KEY')}\nDATABASE_URL={DATABASE}\n", encoding="utf-8", newline="")
    pages.write_text(f"{mark}{names(text, 'SECRET_KEY')}\n", encoding="utf-8", newline="")
    settings = Settings(_env_file=api)

    assert settings.jwt_secret_key == SecretStr(value)
    assert load_config({}, pages).secret_key == value


def test_the_environment_counts_in_small_letters_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever exports a name in small letters is heard by both parts, over what the file says."""
    file = tmp_path / ".env"
    file.write_text(f"DATABASE_URL={DATABASE}\nJWT_SECRET_KEY=file\nSECRET_KEY=file\n", encoding="utf-8")
    monkeypatch.setenv("jwt_secret_key", KEY)

    assert Settings(_env_file=file).jwt_secret_key == SecretStr(KEY)
    assert load_config({"secret_key": KEY}, file).secret_key == KEY


@pytest.mark.parametrize("name", ["DATABASE_URL", "database_url"])
def test_all_find_the_same_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """CreateDB and dev.py bring up the very database that the API will use, whatever its name holds."""
    url = "sqlite:////tmp/${HOME}/$x.sqlite3"
    file = tmp_path / "Login" / "app" / ".env"
    file.parent.mkdir(parents=True)
    file.write_text(f"\ufeff{name}={url}\nJWT_SECRET_KEY={KEY}\n", encoding="utf-8")
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    monkeypatch.setattr(migration, "ENV_FILE", file)

    assert Settings().database_url == SecretStr(url)
    assert find_database_url() == url
    assert make_url(migration.database(Path(sys.executable), {})[0]) == make_url(url)
