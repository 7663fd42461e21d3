"""The one bootstrap, on Linux, macOS and Windows: `python3 dev.py` runs the suite, `python3 dev.py test` tests it.

It needs Python 3.11 or newer and nothing else. This file can be read by older ones too, so that they can say so.
"""

from __future__ import annotations

import shutil
import sys

OLDEST = (3, 11)


def newer_pythons() -> list[str]:
    """Return the commands on this machine that would do."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], OLDEST[1] + 6)]
    return [name for name in names if shutil.which(name)]


def refuse_old_python() -> None:
    """End with one sentence when this Python is too old."""
    if sys.version_info >= OLDEST:
        return
    this = f"{sys.version_info[0]}.{sys.version_info[1]} ({sys.executable})"
    found = newer_pythons()
    hint = f"Run: {found[-1]} dev.py" if found else "Install one from your system's packages or from python.org."
    sys.exit(f"Python 3.11 or newer is needed; this is {this}. {hint}")


if __name__ == "__main__":
    refuse_old_python()
    from devtools.cli import main

    sys.exit(main(sys.argv[1:]))
