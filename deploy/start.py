"""Starts one part in its image: secrets from files, the fastest Argon2 that the CPU can run, an orderly end."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from deploy import make_secrets
from deploy.processor import pick_level
from deploy.secret_files import SecretFileError, read_secret_files

ROOT = Path(__file__).resolve().parent.parent
ARGON2 = Path("/opt/argon2")
SHORT_LIVED = Path("/dev/shm")  # noqa: S108 memory that every container has: gunicorn's workers beat there

LOGIN = [
    *("uvicorn", "app.main:app", "--app-dir", "Login", "--host", "0.0.0.0", "--port", "8000"),  # noqa: S104 a container
    # Every request has its line already; the address in it comes from TRUSTED_PROXIES.
    *("--no-access-log", "--no-server-header", "--no-proxy-headers"),
    # As long as any request takes; the balancer lets go of idle connections long before we do.
    *("--timeout-graceful-shutdown", "25", "--timeout-keep-alive", "30"),
]
UI = [
    *("gunicorn", "FlaskProject.app:create_app()", "--bind", "0.0.0.0:5000", "--worker-class", "gthread"),
    # Loaded before it is divided, so that a setting that cannot stand ends the start instead of each worker, forever.
    *("--preload", "--no-control-socket", "--worker-tmp-dir", str(SHORT_LIVED)),
    *("--graceful-timeout", "35", "--timeout", "60", "--keep-alive", "30"),
]
CREATEDB = [sys.executable, "CreateDB/main.py"]


def main(arguments: list[str]) -> int:
    """Run the part that the first argument names, and return its status."""
    part, *rest = arguments or [""]
    if part == "secrets":
        return make_secrets.main(rest)
    try:
        environment = prepare(dict(os.environ))
    except SecretFileError as error:
        sys.exit(f"{part}: {error}")
    if part == "createdb":
        os.execve(CREATEDB[0], [*CREATEDB, *rest], environment)  # noqa: S606 it is what this image is for
    if part not in {"login", "ui"}:
        sys.exit(f"There is no part {part!r}: login, ui, createdb or secrets.")
    return serve([*(LOGIN if part == "login" else ui_command(environment)), *rest], environment)


def prepare(environment: dict[str, str]) -> dict[str, str]:
    """Complete the environment that the part shall run in."""
    environment |= read_secret_files(environment)
    level = pick_level(ARGON2)
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT)] if level is None else [str(level), str(ROOT)])
    environment.setdefault("DRAIN_FILE", str(Path(tempfile.gettempdir()) / "draining"))
    if workers(environment) > 1 and "PROMETHEUS_MULTIPROC_DIR" not in environment:
        environment["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-")
    return environment


def ui_command(environment: dict[str, str]) -> list[str]:
    """Return how the pages are served: few processes, many threads, since a page mostly waits for the API."""
    threads = environment.get("THREADS") or "64"
    return [*UI, "--workers", str(workers(environment)), "--threads", threads]


def workers(environment: dict[str, str]) -> int:
    """Return how many processes WEB_CONCURRENCY asks for."""
    announced = environment.get("WEB_CONCURRENCY", "")
    return max(1, int(announced)) if announced.isdecimal() else 1


def serve(command: list[str], environment: dict[str, str]) -> int:
    """Run a server until it ends; when asked to end, let the balancer look elsewhere first."""
    Path(environment["DRAIN_FILE"]).unlink(missing_ok=True)
    server = subprocess.Popen(command, env=environment, cwd=ROOT)

    def end(_signal: int, _frame: FrameType | None) -> None:
        Path(environment["DRAIN_FILE"]).touch()
        # New connections are still served meanwhile: no request meets a closed door.
        time.sleep(float(environment.get("DRAIN_SECONDS", "5")))
        server.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    status = server.wait()
    # uvicorn ends by the signal itself, once everything is in order.
    return 0 if status == -signal.SIGTERM else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
