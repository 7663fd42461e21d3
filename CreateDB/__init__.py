"""The operator's part: makes the database and brings its tables up to date.

This is the one bridge to the backend: it makes `Login/` importable, so that tables and schemas have one definition.
"""

import sys
from pathlib import Path

LOGIN = str(Path(__file__).resolve().parent.parent / "Login")

# First, because `FlaskProject/app.py` would else be taken for the backend's package when run from that folder.
if LOGIN not in sys.path:
    sys.path.insert(0, LOGIN)
