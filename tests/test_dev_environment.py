"""dev.py's virtual environment, with a real pip and a package made on the spot, so without a network."""

import ensurepip
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from devtools import bundled_pip, environment, packages
from testing.wheels import make_environment, make_wheel, purelib_of

VERSION = "import importlib.metadata; print(importlib.metadata.version('pupero-demo'))"


def installed_version(python: Path) -> str:
    """Return which version of the demo package an environment has."""
    return subprocess.run([python, "-c", VERSION], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def test_the_lock_is_installed_once_and_again_when_it_changes(wheels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first start installs, the second says nothing, a changed lock installs, a wrong hash refuses."""
    lock, folder = wheels / "requirements.lock", wheels / "venv"
    lock.write_text(make_wheel(wheels, "1.0"), encoding="utf-8")
    python = environment.prepare((lock,), folder)
    assert installed_version(python) == "1.0"

    capsys.readouterr()
    environment.prepare((lock,), folder)
    assert capsys.readouterr().out == ""

    lock.write_text(make_wheel(wheels, "2.0"), encoding="utf-8")
    environment.prepare((lock,), folder)
    assert installed_version(python) == "2.0"

    make_wheel(wheels, "3.0")
    lock.write_text(f"pupero-demo==3.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"(?s)could not install.*DO NOT MATCH THE HASHES"):
        environment.prepare((lock,), folder)
    assert installed_version(python) == "2.0"
    assert not environment.is_installed(lock, folder)


@pytest.mark.parametrize("is_bundled", [True, False])
def test_a_new_environment_has_a_pip_of_its_own(
    wheels: Path, monkeypatch: pytest.MonkeyPatch, *, is_bundled: bool
) -> None:
    """Whoever activates it and types `pip` gets no other Python's, wherever this Python keeps the wheel."""
    if not is_bundled:
        monkeypatch.setattr(bundled_pip, "find", lambda: None)
    lock, folder = wheels / "requirements.lock", wheels / "venv"
    lock.write_text(make_wheel(wheels, "1.0"), encoding="utf-8")

    python = environment.prepare((lock,), folder)

    for command in ([python, "-m", "pip"], [python.with_name("pip")]):
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        assert str(folder) in said


def test_this_python_s_own_pip_is_found() -> None:
    """Else each new environment would wait for ensurepip."""
    wheel = bundled_pip.find()

    assert wheel is not None
    assert wheel.name.startswith(f"pip-{ensurepip.version()}-")


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


def test_a_broken_environment_does_not_serve(tmp_path: Path) -> None:
    """An environment whose Python went with a system upgrade is seen as what it is."""
    python = environment.python_of(tmp_path)
    python.parent.mkdir()
    python.symlink_to(tmp_path / "gone")

    assert environment.flaw(tmp_path) == "there is none that works"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Give an environment that serves, at once: its pip is this one's."""
    folder = tmp_path / "venv"
    venv.create(folder, symlinks=sys.platform != "win32")
    (purelib_of(folder) / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    assert environment.flaw(folder) == ""
    return folder


def test_an_environment_of_another_python_is_made_anew_and_that_is_said(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wheels: Path
) -> None:
    """Who types python3.13 gets it, instead of the Python of long ago without a word."""
    lock = wheels / "requirements.lock"
    lock.write_text(make_wheel(wheels, "1.0"), encoding="utf-8")
    (made / "of-the-old-one").touch()
    monkeypatch.setattr(environment, "HERE", "3.99")
    monkeypatch.setattr(environment, "is_installed", lambda *_: True)

    environment.prepare((lock,), made)

    now = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"(it was of Python {now}, this is 3.99) ..." in capsys.readouterr().out
    assert not (made / "of-the-old-one").exists()
    assert not environment.unfinished(made).exists()
    assert environment.version_of(made) == now


def test_what_an_interrupted_start_leaves_is_never_trusted(made: Path) -> None:
    """Ctrl-C, or a power cut, while packages are unpacked: the environment starts and has pip, and is made anew."""
    with pytest.raises(KeyboardInterrupt), environment.being_changed(made):
        raise KeyboardInterrupt

    assert environment.flaw(made) == "the last start was cut off"


def test_a_refused_installation_keeps_the_environment(made: Path) -> None:
    """Without a network nothing was unpacked: the next start tries again in the same environment."""
    with pytest.raises(SystemExit), environment.being_changed(made):
        raise SystemExit("no network")

    assert environment.flaw(made) == ""


def test_a_cut_off_installation_does_not_pass_for_the_one_before(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched to another branch, interrupted, and back: what was there is not believed to be there still."""
    lock, folder = wheels / "requirements.lock", make_environment(wheels / "venv")
    lock.write_text(make_wheel(wheels, "1.0"), encoding="utf-8")
    environment.prepare((lock,), folder)
    other = wheels / "other.lock"
    other.write_text(make_wheel(wheels, "2.0"), encoding="utf-8")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(packages, "install", interrupt)
    with pytest.raises(KeyboardInterrupt):
        environment.prepare((other,), folder)

    assert not environment.is_installed(lock, folder)


def test_the_missing_package_is_named_exactly() -> None:
    """On Debian the command to type is there, with this Python's version."""
    package = f"apt install python{sys.version_info.major}.{sys.version_info.minor}-venv"

    assert package in environment.missing_venv_hint(debian=True)
