"""What is measured: a private MariaDB with accounts in it, our servers and the floors, each started when needed."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from sqlalchemy import insert, select

from app.auth import PasswordHasher
from app.models import User, metadata
from CreateDB.server.engine import make_engine
from testing.mariadb import make_tables
from testing.mariadb_server import MariadbControl
from testing.processes import Server, free_port

PASSWORD = "blue herons at dawn"
ARGON2 = {"time_cost": 3, "memory_kib": 65536, "parallelism": 4}
BATCH = 5000
FOLDER = Path(tempfile.mkdtemp(prefix="pupero-bench-"))


@contextmanager
def database(accounts: int) -> Iterator[tuple[str, MariadbControl]]:
    """Start a private MariaDB and fill it with people who share one password."""
    control = MariadbControl(on_disk=True)
    control.start()
    try:
        url = make_tables(control)
        fill(url, accounts)
        yield url, control
    finally:
        control.remove()


def fill(url: str, accounts: int) -> None:
    """Add accounts until there are so many."""
    now, password_hash = datetime.now(UTC) - timedelta(days=1), PasswordHasher(**ARGON2).hash(PASSWORD)
    engine, users = make_engine(url), metadata.tables["users"]
    with engine.begin() as connection:
        there = len(connection.execute(select(users.c.id)).all())
    for start in range(there, accounts, BATCH):
        rows = [
            User(
                public_id=secrets.token_urlsafe(16),
                email=f"user{number}@example.com",
                email_key=f"user{number}@example.com",
                username=f"user{number}",
                username_key=f"user{number}",
                password_hash=password_hash,
                password_changed_at=now,
                created_at=now,
                email_verified_at=now,
            ).model_dump(exclude={"id"})
            for number in range(start, min(start + BATCH, accounts))
        ]
        with engine.begin() as connection:
            connection.execute(insert(users), rows)
    engine.dispose()


@contextmanager
def serving(
    application: str, workers: int, environment: dict[str, str], probe: str, *, wsgi: bool = False
) -> Iterator[Server]:
    """Run an application by uvicorn, or by gunicorn if it is a WSGI one, as production does."""
    port = free_port()
    if wsgi:
        command = ["-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread", "--threads", "8"]
        command += ["--workers", str(workers), "--bind", f"127.0.0.1:{port}", application]
    else:
        command = ["-m", "uvicorn", "--factory", application, "--port", str(port), "--workers", str(workers)]
        command += ["--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
    ours = (str(Path(__file__).parents[1] / part) for part in (".", "Login", "bench"))
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), *ours)))  # first, another build of Argon2
    settings = {"PYTHONPATH": path, "WEB_CONCURRENCY": str(workers), "GLIBC_TUNABLES": TUNABLES, **environment}
    server = Server(command, settings, port, FOLDER / f"{port}.log")
    server.start(probe)
    try:
        yield server
    finally:
        server.stop()


TUNABLES = os.environ.get("GLIBC_TUNABLES", "")


def api_environment(url: str, workers: int, **more: str) -> dict[str, str]:
    """Give the settings under which the API is measured: its defaults, but no limit refuses and no mail goes out."""
    settings = {"DATABASE_URL": url, "JWT_SECRET_KEY": secrets.token_urlsafe(48), "RATE_LIMITS_ENABLED": "false"}
    return settings | {"MAIL_WORKER": "false", "WEB_CONCURRENCY": str(workers)} | more


def sign_in(url: str, number: int = 1) -> dict[str, str]:
    """Sign one of the people in and return the pair."""
    body = {"username": f"user{number}", "password": PASSWORD}
    answer = httpx2.post(f"{url}/login", json=body, timeout=60).raise_for_status()
    pair: dict[str, str] = answer.json()
    return pair


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
