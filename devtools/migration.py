"""The database, brought to the schema that this code needs, by the same CLI that an operator uses."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from devtools import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENV_FILE = ROOT / "Login" / "app" / ".env"
# The process environment wins over the .env, as everywhere.
READ_DATABASE_URL = """
import json, os, sys
import sqlalchemy
sys.path.insert(0, sys.argv[1])
from app.settings.sources import read_env_file
known = {name.lower(): value for name, value in os.environ.items() if value.strip()}
text = (read_env_file(sys.argv[2]) | known).get("database_url")
try:
    url = sqlalchemy.make_url(text or "")
except sqlalchemy.exc.ArgumentError:
    sys.exit(1)
print(json.dumps([url._replace(password=None).render_as_string(False), url.password]))
"""


def migrate(python: Path, told: Mapping[str, str]) -> None:
    """Bring the database to the schema that this code needs; its password is not shown in the process list."""
    url, password = database(python, told)
    hidden = {name: value for name, value in os.environ.items() if name != "DB_PASSWORD"}
    if password is not None:
        hidden["DB_PASSWORD"] = password
    command = [str(python), str(ROOT / "CreateDB" / "main.py"), "--url", url]
    if subprocess.run(command, cwd=ROOT, env=hidden, check=False).returncode != 0:
        raise SystemExit("The database is not ready: the reason stands above.")


def database(python: Path, told: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the API's database and, apart from it, the password; read as the API reads it."""
    if "DATABASE_URL" in told:  # our own file, which has none
        return told["DATABASE_URL"], None
    read = [str(python), "-c", READ_DATABASE_URL, str(ROOT / "Login"), str(ENV_FILE)]
    # Its stderr is kept from the terminal: interrupted, Python would print a trace.
    answer = subprocess.run(read, env=os.environ | dict(told), capture_output=True, encoding="utf-8", check=False)
    if answer.returncode != 0:
        raise SystemExit("DATABASE_URL, in the environment or else in Login/app/.env, is missing or cannot be read.")
    url, password = json.loads(answer.stdout)
    return url, password
