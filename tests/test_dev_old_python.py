"""dev.py under Pythons that are too old: one sentence, and no SyntaxError, down to the Python of old macOS."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

DEV = Path(__file__).resolve().parent.parent / "dev.py"
OLD = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10"]
# What came after Python 2.7, and would be a SyntaxError where the sentence is wanted.
NEWER = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.FunctionDef, ast.Match, ast.Try, ast.Starred)


def find_python(version: str) -> str:
    """Return a Python of this version, on PATH or among those of pyenv, or skip."""
    found = [shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for candidate in filter(None, found):
        told = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
        if told.returncode == 0 and f"{told.stdout}{told.stderr}".startswith(f"Python {version}."):
            return str(candidate)
    return pytest.skip(f"no Python {version} here")


@pytest.mark.parametrize("version", OLD)
def test_an_old_python_is_told_which_one_is_needed(version: str, tmp_path: Path) -> None:
    """It names what is there and what is missing, and imports nothing that it could not read."""
    command = [find_python(version), "-B", shutil.copy(DEV, tmp_path)]

    refused = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Python 3.11 or newer is needed; this is {version} (")
    assert "Traceback" not in refused.stderr


def test_it_holds_no_word_that_an_old_python_cannot_read() -> None:
    """The same where no old Python is at hand: only ASCII, and nothing that came after Python 2.7."""
    source = DEV.read_text(encoding="ascii")
    too_new = [node for node in ast.walk(ast.parse(source)) if isinstance(node, NEWER)]
    futures = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]

    assert [ast.unparse(node) for node in too_new if not isinstance(node, ast.Try)] == []
    assert futures == []
