"""`python3 dev.py` as a person types it, in a copy of the repository."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotenv import dotenv_values

from devtools import environment
from testing.documents import README, chapter, in_code, list_blocks
from testing.processes import free_port
from testing.required import missing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")

ROOT = Path(__file__).resolve().parent.parent
PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"
COPIED = ("Login", "FlaskProject", "CreateDB", "devtools", "dev.py", "requirements.lock", "requirements-dev.lock")

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give a copy of the suite whose environment borrows this one's packages, so that nothing is downloaded."""
    for name in COPIED:
        copy(ROOT / name, tmp_path / name)
    folder = tmp_path / ".venv"
    venv.create(folder, symlinks=True)
    here = subprocess.run([environment.python_of(folder), "-c", PURELIB], capture_output=True, text=True, check=True)  # noqa: S603
    (Path(here.stdout.strip()) / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    environment.remember((tmp_path / "requirements.lock",), folder)
    return tmp_path


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, without this machine's own settings and leavings."""
    if source.is_file():
        shutil.copy(source, target)
    else:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".env", "__pycache__", "tests"))


class Started:
    """A running dev.py with its two addresses."""

    def __init__(self, clone: Path) -> None:
        """Start it with nothing of this machine's settings."""
        self.api, self.ui = free_port(), free_port()
        command = [sys.executable, "dev.py", "--api-port", str(self.api), "--ui-port", str(self.ui)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "PYTEST_"))}
        pipe, merge = subprocess.PIPE, subprocess.STDOUT
        self.process = subprocess.Popen(command, cwd=clone, env=clean, stdout=pipe, stderr=merge, text=True)  # noqa: S603

    def wait(self) -> str:
        """Return the output up to the announcement."""
        seen = []
        for line in self.process.stdout or ():
            seen.append(line)
            if "Ctrl-C stops both" in line:
                return "".join(seen)
        raise AssertionError("".join(seen))

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the status."""
        self.process.send_signal(number)
        self.process.communicate(timeout=120)
        return self.process.returncode

    def read(self, port: int, path: str) -> tuple[int, str]:
        """Get a page."""
        with direct.open(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()


@pytest.fixture
def started(clone: Path) -> Iterator[Started]:
    """Give dev.py running in the copy; it is gone after the test."""
    running = Started(clone)
    yield running
    running.process.terminate()
    running.process.communicate(timeout=120)


def list_users(clone: Path) -> subprocess.CompletedProcess[str]:
    """Run a task that takes the API's database, in the copy."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    command = [environment.python_of(clone / ".venv"), "CreateDB/main.py", "--list-users"]
    return subprocess.run(command, cwd=clone, env=clean, capture_output=True, text=True, check=False)  # noqa: S603


def test_one_command_brings_everything_up_and_ctrl_c_takes_it_down(started: Started, clone: Path) -> None:
    """Settings, database, API, its documentation and the pages are there, addresses below the log; Ctrl-C ends it."""
    seen = started.wait()
    below = seen.rpartition("Pupero is up.")[2]
    assert f"http://127.0.0.1:{started.ui}" in below
    assert "api | " not in below
    assert f"http://127.0.0.1:{started.api}/docs" in below

    assert started.read(started.api, "/readyz")[0] == 200
    assert started.read(started.api, "/docs")[0] == 200
    assert "<form" in started.read(started.ui, "/login")[1]
    assert stat.S_IMODE((clone / "Login/app/.env").stat().st_mode) == 0o600
    assert (clone / "var/pupero.sqlite3").exists()

    # By hand: the operator's command finds the same accounts, though no .env says where.
    assert "DATABASE_URL" not in dotenv_values(clone / "Login/app/.env")
    listed = list_users(clone)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "0 in all" in listed.stdout or "No account" in listed.stdout, listed.stdout

    assert started.end(signal.SIGINT) == 0
    for port in (started.api, started.ui):
        with socket.socket() as knocking:
            assert knocking.connect_ex(("127.0.0.1", port)) != 0


def test_the_five_lines_of_the_readme_work_as_they_stand(started: Started) -> None:
    """Whoever pastes them beside dev.py is registered, signed in and told who they are; again, only the latter two."""
    if shutil.which("curl") is None:
        missing("curl", "it is not installed")
    told = chapter(README, "The API in five lines")
    [lines] = list_blocks(told)
    [whoami] = [word for word in in_code(told) if word.startswith("{")]
    assert lines.count("\n") == 5
    started.wait()

    assert paste(lines, started.api).endswith(f"}}{whoami}")
    assert paste(lines, started.api).endswith(f'"code":"email_taken"}}{whoami}')


def paste(lines: str, port: int) -> str:
    """Type lines into a shell, for an API on this port; return what they print."""
    here = lines.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{port}")
    unproxied = os.environ | {"no_proxy": "*"}
    return subprocess.run(["bash", "-c", here], env=unproxied, capture_output=True, text=True, check=True).stdout  # noqa: S603, S607


def test_a_taken_port_ends_it_before_anything_is_made(clone: Path) -> None:
    """The refusal names the port and its holder; no environment, setting or database is touched."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "dev.py", "--ui-port", str(port), "--api-port", str(free_port())]
        refused = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)  # noqa: S603

    assert refused.returncode == 1
    assert f"Port {port} is taken by" in refused.stderr
    assert not (clone / "var").exists()


def test_ctrl_c_while_the_environment_is_made_is_no_trace_and_leaves_nothing_to_trust(clone: Path) -> None:
    """The first start takes its time: who ends it reads one word, and the next start begins anew."""
    shutil.rmtree(clone / ".venv")
    ports = [str(free_port()) for _ in range(2)]
    command = [sys.executable, "dev.py", "--api-port", ports[0], "--ui-port", ports[1]]
    pipe, merge = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, cwd=clone, stdout=pipe, stderr=merge, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert first.startswith("Making the virtual environment")
    assert (process.returncode, rest.strip()) == (130, "Stopped.")
    # At whichever moment it came: what is there is not trusted.
    flaws = {"there is none yet", "there is none that works", "the last start was cut off"}
    assert environment.flaw(clone / ".venv") in flaws


def test_the_database_of_the_environment_wins(clone: Path, tmp_path: Path) -> None:
    """DATABASE_URL in the environment is the database that is migrated."""
    chosen = tmp_path / "chosen.sqlite3"
    script = (
        "from devtools import environment, migration; migration.migrate(environment.python_of(environment.VENV), {})"
    )
    settings = os.environ | {"DATABASE_URL": f"sqlite:///{chosen.as_posix()}"}

    subprocess.run([sys.executable, "-c", script], cwd=clone, env=settings, check=True)  # noqa: S603

    assert chosen.exists()
