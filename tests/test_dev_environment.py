"""dev.py's virtual environment, with a real pip and a package made on the spot, so without a network."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import dev
from devtools import environment

VERSION = "import importlib.metadata; print(importlib.metadata.version('pupero-demo'))"


def make_wheel(folder: Path, version: str) -> str:
    """Write the smallest wheel there is and return the pin that a lock has for it."""
    info = f"pupero_demo-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: pupero-demo\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    path = folder / f"pupero_demo-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return f"pupero-demo=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def installed_version(python: Path) -> str:
    """Return which version of the demo package an environment has."""
    return subprocess.run([python, "-c", VERSION], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is all pip knows of the world."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null" if sys.platform != "win32" else "nul")
    return tmp_path


def test_the_lock_is_installed_once_and_again_when_it_changes(wheels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first start installs, the second says nothing, a changed lock installs, a wrong hash refuses."""
    lock, venv = wheels / "requirements.lock", wheels / "venv"
    lock.write_text(make_wheel(wheels, "1.0"), encoding="utf-8")
    python = environment.prepare((lock,), venv)
    assert installed_version(python) == "1.0"

    capsys.readouterr()
    environment.prepare((lock,), venv)
    assert capsys.readouterr().out == ""

    lock.write_text(make_wheel(wheels, "2.0"), encoding="utf-8")
    environment.prepare((lock,), venv)
    assert installed_version(python) == "2.0"

    make_wheel(wheels, "3.0")
    lock.write_text(f"pupero-demo==3.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"(?s)could not install.*DO NOT MATCH THE HASHES"):
        environment.prepare((lock,), venv)
    assert installed_version(python) == "2.0"
    assert not environment.is_installed(lock, venv)


def test_installing_one_lock_forgets_what_stood_before(tmp_path: Path) -> None:
    """After switching branches to and fro, the environment is never believed to hold what it has lost."""
    old, new = tmp_path / "old.lock", tmp_path / "new.lock"
    old.write_text("a==1\n", encoding="utf-8")
    new.write_text("a==2\n", encoding="utf-8")
    environment.remember((old,), tmp_path)

    environment.remember((new,), tmp_path)

    assert environment.is_installed(new, tmp_path)
    assert not environment.is_installed(old, tmp_path)


def test_the_fingerprint_ignores_line_ends(tmp_path: Path) -> None:
    """A checkout with Windows line ends is the same lock."""
    unix, windows = tmp_path / "unix.lock", tmp_path / "windows.lock"
    unix.write_bytes(b"a==1\nb==2\n")
    windows.write_bytes(b"a==1\r\nb==2\r\n")

    assert environment.digest(unix) == environment.digest(windows)


def test_a_broken_environment_is_not_usable(tmp_path: Path) -> None:
    """An environment whose Python went with a system upgrade is seen as what it is."""
    python = environment.python_of(tmp_path)
    python.parent.mkdir()
    python.symlink_to(tmp_path / "gone")

    assert not environment.is_usable(tmp_path)


def test_the_missing_package_is_named_exactly() -> None:
    """On Debian the command to type is there, with this Python's version."""
    package = f"apt install python{sys.version_info.major}.{sys.version_info.minor}-venv"

    assert package in environment.missing_venv_hint(debian=True)


def test_an_old_macos_goes_without_the_compiled_driver(tmp_path: Path) -> None:
    """Only the block of mariadb-binary is left out, and only where it has no wheel."""
    lock = tmp_path / "some.lock"
    rest = "mariadb==2.0.0rc2 \\\n    --hash=sha256:aa\nmarkupsafe==3.0.4 \\\n    --hash=sha256:dd\n"
    block = "mariadb-binary==2.0.0rc2 ; x == 'y' \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n    # via mariadb\n"
    lock.write_text(rest.replace("markupsafe", f"{block}markupsafe"), encoding="utf-8")
    venv = tmp_path / "venv"
    venv.mkdir()

    without = environment.for_macos(lock, venv, "14.6.1").read_text(encoding="utf-8")

    assert without == rest.replace("markupsafe", "    # via mariadb\nmarkupsafe")
    assert environment.for_macos(lock, venv, "15.0") == lock
    assert environment.for_macos(lock, venv, "") == lock


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thing that dev.py checks is the version, and it names a newer one that is installed."""
    monkeypatch.setattr(dev.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(dev.shutil, "which", lambda name: f"/usr/bin/{name}" if name == "python3.12" else None)

    with pytest.raises(SystemExit, match=r"3\.11 or newer is needed; this is 3\.9 .*Run: python3\.12 dev\.py"):
        dev.refuse_old_python()
