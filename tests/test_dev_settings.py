"""dev.py's .env files: fresh secrets, for their owner only, and never written over."""

import os
import stat
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from dotenv import dotenv_values
from sqlalchemy import make_url

from app.settings.sources import read_env_file
from devtools import own_database, settings

EXAMPLE = "# Where the accounts are.\nDATABASE_URL=mariadb://USER:PASSWORD@127.0.0.1/pupero\n# LOG_USER=email\n"
NAME = "it's a #1 place é"
# A % begins a code in a URL, a ? its options, ${} a variable in a .env file; Windows takes no ? in a name.
NAME += " 100%41 ${HOME}" + ("" if sys.platform == "win32" else " why?mode=ro")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a folder laid out like the repository, with a name that is hard on parsers."""
    root = tmp_path / NAME
    for part in (root / "Login" / "app", root / "FlaskProject"):
        part.mkdir(parents=True)
        (part / ".env.example").write_text(EXAMPLE, encoding="utf-8")
    return root


@pytest.mark.asvs("11.6.1")
def test_both_parts_get_an_env_file_with_their_own_secrets(root: Path) -> None:
    """Each part's secret is long, and none is used twice."""
    settings.write_missing(root)

    login, ui = dotenv_values(root / "Login/app/.env"), dotenv_values(root / "FlaskProject/.env")
    secrets = [login["JWT_SECRET_KEY"], login["TOTP_ENCRYPTION_KEYS"], ui["SECRET_KEY"]]
    assert all(len(secret or "") >= 43 for secret in secrets)
    assert len(set(secrets)) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_env_files_are_for_their_owner_only(root: Path) -> None:
    """Even with the most generous umask nobody else reads a secret, or the folder of the database."""
    before = os.umask(0)
    try:
        settings.write_missing(root)
    finally:
        os.umask(before)

    paths = {"Login/app/.env": 0o600, "FlaskProject/.env": 0o600, "var": 0o700}
    assert {path: stat.S_IMODE((root / path).stat().st_mode) for path in paths} == paths


def test_an_existing_env_file_is_never_touched(root: Path) -> None:
    """What a person wrote stays to the byte, while the other part still gets its file."""
    mine = root / "Login/app/.env"
    mine.write_bytes(b"DATABASE_URL=mine")

    settings.write_missing(root)

    assert mine.read_bytes() == b"DATABASE_URL=mine"
    assert (root / "FlaskProject/.env").exists()


def test_a_second_run_changes_nothing(root: Path) -> None:
    """The secrets of the first run stay: sessions and second factors survive a restart."""
    settings.write_missing(root)
    first = [path.read_bytes() for path in sorted(root.rglob(".env"))]

    settings.write_missing(root)

    assert [path.read_bytes() for path in sorted(root.rglob(".env"))] == first


def test_the_database_is_found_whatever_the_folder_is_called(root: Path) -> None:
    """Quotes, spaces, #, %, ? and variables in a folder's name reach SQLite unharmed."""
    assert Path(make_url(own_database.url_of(root)).database or "") == root / "var" / "pupero.sqlite3"


def test_no_env_file_holds_the_path_of_its_folder(root: Path) -> None:
    """Moved or copied with its folder, it names no other: the line for a database is there, commented out."""
    settings.write_missing(root)

    texts = [(root / part / ".env").read_text(encoding="utf-8") for part in ("Login/app", "FlaskProject")]
    assert "DATABASE_URL" not in dotenv_values(root / "Login/app/.env")
    assert "\n# DATABASE_URL=mariadb://USER:PASSWORD@127.0.0.1/pupero\n" in texts[0]
    assert not any(str(root) in text or quote(root.as_posix()) in text for text in texts)


def former_env_file(root: Path, folder: Path) -> Path:
    """Write the .env of the API as dev.py did before, in another folder, with Windows line ends for good measure."""
    path = root / "Login" / "app" / ".env"
    url = f"sqlite:///{quote((folder / 'var' / 'pupero.sqlite3').as_posix(), safe='/:')}"
    path.write_bytes(f"# mine\r\nDATABASE_URL={settings.quoted(url)}\r\nLOG_USER=id\r\n".encode())
    path.chmod(0o600)
    return path


def test_a_copy_does_not_work_on_the_original_s_accounts(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The path that an earlier dev.py wrote in another folder is commented out, once, and that is said."""
    original = tmp_path / "the original's folder"
    path = former_env_file(root, original)
    before = path.read_bytes()

    settings.write_missing(root)
    said = capsys.readouterr().out
    settings.write_missing(root)

    assert path.read_bytes() == before.replace(b"DATABASE_URL", b"# DATABASE_URL")
    assert f"named the database of another folder, {original.as_posix()}/var/pupero.sqlite3." in said
    assert str(root / "var" / "pupero.sqlite3") in said
    assert "another folder" not in capsys.readouterr().out


def test_the_path_of_the_folder_itself_stays(root: Path) -> None:
    """Where nothing was moved, nothing is touched."""
    path = former_env_file(root, root)
    before = path.read_bytes()

    settings.write_missing(root)

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "line",
    ["sqlite:////srv/accounts.sqlite3", "mariadb://u:p@db/var/pupero.sqlite3", "sqlite:////x/var/pupero.sqlite3?a=b"],
)
def test_a_database_that_a_person_has_chosen_stays(root: Path, line: str) -> None:
    """Only what dev.py itself wrote is taken back."""
    path = root / "Login" / "app" / ".env"
    path.write_text(f"DATABASE_URL={line}\n", encoding="utf-8")

    settings.write_missing(root)

    assert path.read_text(encoding="utf-8") == f"DATABASE_URL={line}\n"


def test_the_example_keeps_its_comments_and_order() -> None:
    """An option that is commented out is filled in where it stands; one that the example lacks comes last."""
    filled = settings.filled(EXAMPLE, {"DATABASE_URL": "sqlite:////x", "LOG_USER": "id", "NEW": "1"})

    assert filled == "# Where the accounts are.\nDATABASE_URL=sqlite:////x\nLOG_USER=id\nNEW=1\n"


def test_the_bootstrap_finds_what_is_configured(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says where mails go: the environment wins over the .env, and what is commented out is not set."""
    monkeypatch.delenv("MAIL_DIR", raising=False)
    settings.write_missing(root)
    path = root / "Login" / "app" / ".env"
    unset = settings.configured("MAIL_DIR", root)
    path.write_text(f"{path.read_text(encoding='utf-8')}MAIL_DIR='/my mails'\n", encoding="utf-8")
    from_file = settings.configured("MAIL_DIR", root)
    monkeypatch.setenv("MAIL_DIR", "/other")

    assert (unset, from_file, settings.configured("MAIL_DIR", root)) == ("", "/my mails", "/other")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("PUBLIC_URL = https://example.com", "https://example.com"),
        ("  export PUBLIC_URL='https://example.com'", "https://example.com"),
        ("PUBLIC_URL =\nLOG_USER=id", ""),
        ("# PUBLIC_URL=https://example.com", ""),
        ("NO_PUBLIC_URL=https://example.com", ""),
        ("public_url=https://example.com", "https://example.com"),
        ("PUBLIC_URL=https://one.example\nPUBLIC_URL=https://two.example  # the new one", "https://two.example"),
        ("PUBLIC_URL=https://example.com/${HOME}/$x", "https://example.com/${HOME}/$x"),
        ('PUBLIC_URL="https://example.com/#top" # a comment', "https://example.com/#top"),
    ],
)
def test_the_bootstrap_reads_a_line_as_the_api_does(
    root: Path, monkeypatch: pytest.MonkeyPatch, line: str, value: str
) -> None:
    """Blanks and an export around a name set it all the same, so dev.py must not put its own in its place."""
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    path = root / "Login" / "app" / ".env"
    path.write_text(f"LOG_USER=email\n{line}\n", encoding="utf-8")

    assert settings.configured("PUBLIC_URL", root) == value == read_env_file(path).get("public_url", "")
