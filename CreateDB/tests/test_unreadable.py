"""A .env or a folder that cannot be read: one line that names it, no trace, and nothing of what it holds."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from app.config import Settings

Run = Callable[..., Any]

NOBODY = 65534
LATIN_1 = "DATABASE_URL=sqlite:///x.sqlite3\nJWT_SECRET_KEY=s3cr\xe9t\n".encode("latin-1")
of_another = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


@pytest.fixture
def sealed() -> Iterator[Path]:
    """Give a folder of which this process may read neither `.env` nor `closed`, whoever runs the tests."""
    with TemporaryDirectory() as name:  # the folders above `tmp_path` are closed to others
        folder, ours = Path(name), os.geteuid()
        (folder / ".env").write_text("DATABASE_URL=sqlite:///s3cret.sqlite3\n")
        (folder / "closed").mkdir()
        for path, mode in ((folder, 0o711), (folder / ".env", 0), (folder / "closed", 0)):
            path.chmod(mode)
        os.seteuid(ours or NOBODY)
        yield folder
        os.seteuid(ours)
        (folder / "closed").chmod(0o700)
        folder.chmod(0o700)


@pytest.fixture
def use_env_file(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Give a function that makes a file the API's .env."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return lambda path: monkeypatch.setitem(Settings.model_config, "env_file", path)


def assert_one_line(outcome: Any, *words: str) -> None:
    """Hold an outcome to the rule for errors."""
    assert outcome.status == 1
    assert outcome.err.startswith("Error: ")
    assert outcome.err.count("\n") == 1
    assert all(word in outcome.err for word in words), outcome.err
    assert "s3cr" not in outcome.err


@of_another
@pytest.mark.parametrize("flags", [["--list-users"], ["--url", "sqlite:///{}", "--reencrypt"]])
def test_the_api_s_file_is_somebody_else_s(
    run: Run, sealed: Path, use_env_file: Callable[[Path], None], flags: list[str]
) -> None:
    """Whether the whole of it is wanted or DATABASE_URL alone, the file is named and what is wrong with it."""
    use_env_file(sealed / ".env")

    outcome = run(*(flag.format(f"file:{sealed}/x.sqlite3?uri=true") for flag in flags))

    assert_one_line(outcome, f"{sealed}/.env cannot be read: Permission denied")


@of_another
@pytest.mark.parametrize("task", [[], ["--check"], ["--list-users"]])
def test_a_folder_of_somebody_else_s(run: Run, sealed: Path, task: list[str]) -> None:
    """A file in a folder that may not be looked into is told apart from one that is not there."""
    outcome = run("--url", f"sqlite:///{sealed}/closed/inner/x.sqlite3", *task)

    assert_one_line(outcome, f"{sealed}/closed/inner", "check its path and the rights on it")


@pytest.mark.parametrize("flags", [["--list-users"], ["--url", "sqlite:///{}", "--reencrypt"]])
def test_the_api_s_file_is_in_another_encoding(
    run: Run, use_env_file: Callable[[Path], None], tmp_path: Path, flags: list[str]
) -> None:
    """A .env that an editor has saved in Latin-1 is named, and which encoding is wanted."""
    (tmp_path / ".env").write_bytes(LATIN_1)
    (tmp_path / "x.sqlite3").touch()
    use_env_file(tmp_path / ".env")

    outcome = run(*(flag.format(tmp_path / "x.sqlite3") for flag in flags))

    assert_one_line(outcome, f"{tmp_path}/.env is not UTF-8")


@of_another
def test_the_doctor_tells_of_both(run: Run, sealed: Path, use_env_file: Callable[[Path], None]) -> None:
    """It examines what it can, and the unreadable file is the finding about the settings."""
    use_env_file(sealed / ".env")

    outcome = run("--url", f"sqlite:///{sealed}/x.sqlite3", "--doctor")

    assert (outcome.status, outcome.err) == (1, "")
    assert f"{sealed}/.env cannot be read: Permission denied" in outcome.out
    assert "There is no file" in outcome.out
