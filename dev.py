"""The one bootstrap, on Linux, macOS and Windows: `python3 dev.py` runs the suite, `python3 dev.py test` tests it.

It needs Python 3.11 or newer and nothing else. Pythons down to 2.7 can read this file, so that they can say so.
"""
# What old Pythons do not know is left out on purpose.
# ruff: noqa: UP031

import shutil
import sys

OLDEST = (3, 11)

if __name__ == "__main__":
    if sys.version_info < OLDEST:
        which = getattr(shutil, "which", lambda _name: None)
        newer = ["python3.%d" % minor for minor in range(OLDEST[1], OLDEST[1] + 6)]
        found = [name for name in newer if which(name)]
        hint = "Run: %s dev.py" % found[-1] if found else "Install one from your system's packages or from python.org."
        this = "%d.%d (%s)" % (sys.version_info[0], sys.version_info[1], sys.executable)
        sys.exit("Python 3.11 or newer is needed; this is %s. %s" % (this, hint))
    try:
        from devtools.cli import main

        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
