"""pip for the environment, from the wheel that Python keeps for ensurepip: that itself takes seconds to unpack it."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

from devtools import background


def find() -> Path | None:
    """Return the wheel, where Python or the system keeps it; None leaves the work to ensurepip."""
    try:
        import ensurepip  # noqa: PLC0415 Debian ships it apart
    except ImportError:
        return None
    systems, own = sysconfig.get_config_var("WHEEL_PKG_DIR"), Path(ensurepip.__file__).parent / "_bundled"
    folders = [Path(systems), own] if systems else [own]
    return next((wheel for folder in folders for wheel in folder.glob(f"pip-{ensurepip.version()}-*.whl")), None)


def unpack(wheel: Path, venv: Path) -> None:
    """Make `python -m pip` work in an environment."""
    shutil.unpack_archive(wheel, sysconfig.get_path("purelib", "venv", {"base": str(venv)}), "zip")


def add_command(python: Path, uv: list[str | Path]) -> None:
    """Add the command `pip`: with the environment activated, another Python's would be found in its place."""
    wheel = None if any(python.parent.glob("pip*")) else find()
    if wheel is None:
        return
    installer = [*uv, "pip", "install", "--python", python] if uv else [python, "-I", "-m", "pip", "install"]
    background.run([*installer, "--no-index", "--no-deps", "--force-reinstall", wheel])
