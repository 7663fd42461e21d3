"""The lock that runs the suite is ready-built for every system and Python that docs/development.md names."""

import itertools
from pathlib import Path

import pytest

from devtools import packages
from testing.index import resolve

pytestmark = pytest.mark.usefixtures("package_index")

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.15"]
SYSTEMS = ["x86_64-manylinux_2_28", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"]
OTHER_LINUX = ["aarch64-manylinux_2_28", "x86_64-unknown-linux-musl"]
TARGETS = [*itertools.product(SYSTEMS, PYTHONS), *itertools.product(OTHER_LINUX, (PYTHONS[0], PYTHONS[-1]))]


@pytest.mark.parametrize(("system", "python"), TARGETS)
def test_everything_is_ready_built(system: str, python: str) -> None:
    """No compiler is needed, and no marker asks for a wheel that does not exist."""
    assert resolve(LOCK, system, python, MACOSX_DEPLOYMENT_TARGET="15.0") == ""


@pytest.mark.parametrize("system", ["aarch64-apple-darwin", "aarch64-unknown-linux-musl"])
def test_elsewhere_all_that_is_missing_only_makes_things_faster(system: str, tmp_path: Path) -> None:
    """An older macOS, a small Linux on ARM: without the compiled halves the lock is ready-built too."""
    text = LOCK.read_text(encoding="utf-8")
    for name in packages.FASTER_ONLY:
        text = packages.without(name, text)
    pure = tmp_path / "requirements.lock"
    pure.write_text(text, encoding="utf-8")

    assert resolve(pure, system, "3.13", MACOSX_DEPLOYMENT_TARGET="13.0") == ""
