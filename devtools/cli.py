"""The commands of dev.py: run (the default), test, check, lock and argon2."""

from __future__ import annotations

import argparse
import io
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from devtools import ROOT, argon2, environment, own_database, ports, say, services, settings
from devtools.foreground import run_in_front
from devtools.lock import write_locks
from devtools.migration import migrate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RULE = "=" * 72
EPILOG = """commands:
  (none)             prepare, migrate the database, run API and pages until Ctrl-C
  test [pytest args] prepare, run the whole test suite
  check              prepare, run ruff and mypy
  lock [uv args]     write all requirements locks (--upgrade takes newer versions)
  argon2             compile Argon2 for this CPU: password hashes take half the time
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that cannot print a letter shows a question mark
    try:
        services.on_signals(services.interrupt)
        return command(arguments)
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130


def command(arguments: Sequence[str]) -> int:
    """Run the command that comes first, or the default one."""
    commands = {"test": test, "check": check, "lock": write_locks, "argon2": argon2.build_and_measure}
    if arguments and arguments[0] in commands:
        return commands[arguments[0]](arguments[1:])
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """Prepare everything, then run API and pages until Ctrl-C."""
    options = parse(arguments)
    ports.refuse_if_taken(options.api_port, "--api-port")
    ports.refuse_if_taken(options.ui_port, "--ui-port")
    python = environment.prepare(environment.FOR_RUNNING)
    settings.write_missing()
    own = {} if settings.configured("DATABASE_URL") else {"DATABASE_URL": own_database.url_of(ROOT)}
    # The pages need no database: they load while it is made.
    pair = (pages(python, options.ui_port, options.api_port), api(python, options.api_port, options.ui_port, own))
    return services.serve(pair, announcement(options.api_port, options.ui_port))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the flags of the run command."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("dev.py", description=__doc__, epilog=EPILOG, formatter_class=raw)
    parser.add_argument("--api-port", type=ports.port, default=8000, help="the API's port on 127.0.0.1 (default 8000)")
    parser.add_argument("--ui-port", type=ports.port, default=5000, help="the pages' port on 127.0.0.1 (default 5000)")
    return parser.parse_args(arguments)


def api(python: Path, port: int, ui_port: int, own: Mapping[str, str]) -> services.Service:
    """Return the API as it is started in development, told where the pages are; it writes its own request log."""
    words = "-m uvicorn app.main:app --app-dir Login --no-access-log --host 127.0.0.1 --port"
    # Links in mails lead to the pages, also on another port; a setting of the developer's own stays.
    told = {} if settings.configured("PUBLIC_URL") else {"PUBLIC_URL": f"http://127.0.0.1:{ui_port}"}
    command = [str(python), *words.split(), str(port)]
    environment = {**argon2.settings(), **told, **own}
    prepare = partial(migrate, python, own)
    return services.Service("api", command, f"http://127.0.0.1:{port}/healthz", environment, prepare)


def pages(python: Path, port: int, api_port: int) -> services.Service:
    """Return the pages as they are started in development, told where this API is."""
    words = "-m flask --app FlaskProject.app run --host 127.0.0.1 --port"
    # Flask would also look for a .env in this folder and all above it; the part reads its own.
    told = {"BACKEND_URL": f"http://127.0.0.1:{api_port}", "FLASK_SKIP_DOTENV": "1"}
    return services.Service("ui", [str(python), *words.split(), str(port)], f"http://127.0.0.1:{port}/login", told)


def announcement(api_port: int, ui_port: int) -> str:
    """Return what a person wants to know once both answer, set apart from the log."""
    return f"""
{RULE}
Pupero is up. Open this in a browser:

  Pages   http://127.0.0.1:{ui_port}  (with passkeys: http://localhost:{ui_port})
  API     http://127.0.0.1:{api_port}  (documentation: http://127.0.0.1:{api_port}/docs)
  Mails   {mail_goes_to()}
{argon2.offer()}
Ctrl-C stops both. From here on come the logs of both.
{RULE}
"""


def mail_goes_to() -> str:
    """Return where mails are to be found."""
    if host := settings.configured("SMTP_HOST"):
        return f"to {host}"
    return f"{settings.configured('MAIL_DIR') or ROOT / 'var' / 'mail'}  (.eml files, until SMTP_HOST is set)"


def test(arguments: Sequence[str]) -> int:
    """Run the whole suite on all cores, or pytest with the arguments given."""
    python = environment.prepare(environment.FOR_DEVELOPMENT)
    # Three more than cores: many tests wait for a server, a browser or a clock; who has none left takes from others.
    everything = ["-n", str((os.cpu_count() or 1) + 3), "--dist", "worksteal", "-rs"]
    return run_in_front([python, "-m", "pytest", *(arguments or everything)])


def check(_arguments: Sequence[str]) -> int:
    """Run the linter, the formatter's check and the type checker; all of them, whatever one says."""
    python = environment.prepare(environment.FOR_DEVELOPMENT)
    commands = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    failed = []
    for words in commands:
        say(f"== {' '.join(words)}")
        if run_in_front([python, "-m", *words]) != 0:
            failed.append(words[0])
    return 1 if failed else 0
