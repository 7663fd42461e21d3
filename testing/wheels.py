"""Packages and environments made on the spot, so that a real pip installs without a network."""

import hashlib
import shutil
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from devtools import packages
from devtools.environment import python_of


def make_wheel(folder: Path, version: str, name: str = "pupero-demo") -> str:
    """Write the smallest wheel there is and return the pin that a lock has for it."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in files.items():
            wheel.writestr(inside, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def purelib_of(folder: Path) -> Path:
    """Return where an environment keeps its packages."""
    return Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))


def make_environment(folder: Path) -> Path:
    """Make an environment that has nothing but a copy of this one's pip: what ensurepip does in seconds, at once."""
    venv.create(folder, symlinks=sys.platform != "win32")
    shutil.copytree(purelib_of(Path(sys.prefix)) / "pip", purelib_of(folder) / "pip")
    (python_of(folder).parent / "pip").touch()  # its command, which would else be added
    return folder


def packages_of(folder: Path) -> dict[str, str]:
    """Return names and versions of what was installed into an environment."""
    return {each.name: each.version for each in metadata.distributions(path=[str(purelib_of(folder))])}


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is all pip knows of the world."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null" if sys.platform != "win32" else "nul")
    monkeypatch.setattr(packages, "bring_uv", lambda *_: [])
    return tmp_path
