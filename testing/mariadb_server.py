"""A private MariaDB server in a temporary folder, to be started, stopped, killed and thrown away."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from testing.processes import free_port

MEMORY = Path("/dev/shm")  # noqa: S108 a file system that never waits for a disk
ROOM = 2**30  # bytes that must be free there
START_SECONDS = 120
STOP_SECONDS = 60
_made: dict[tuple[str, ...], Path] = {}  # fresh data folders, by what they were made with


class MariadbControl:
    """One private server on loopback, with the account root and no password."""

    def __init__(
        self, *, address: str = "127.0.0.1", port: int = 0, flags: Sequence[str] = (), on_disk: bool = False
    ) -> None:
        """Prepare the data folder, in memory where there is room; `start` starts the server, with more flags if given.

        What a killed server has written is there all the same: only a power cut would show the difference.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="pupero-mariadb-", dir=None if on_disk else quick_folder()))
        self.address = address
        self.port = port or free_port()
        self._flags = flags
        self._size = [] if on_disk else ["--innodb-log-file-size=16M"]
        self._process: subprocess.Popen[bytes] | None = None
        # Its own folder for temporary tables: servers that share one delete each other's.
        (self.folder / "tmp").mkdir()
        try:
            self._install()
        except subprocess.CalledProcessError as error:
            self.remove()
            raise RuntimeError(f"mariadb-install-db failed: {error.stderr.decode(errors='replace')[-2000:]}") from error

    @property
    def url(self) -> str:
        """The server, without a database."""
        return f"mariadb+mariadbconnector://root@{self.address}:{self.port}/"

    @property
    def pid(self) -> int:
        """Give the server's process id."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the server and wait until it takes connections; harmless while it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("mariadbd"), *self._server_flags()], stdout=log, stderr=log, env=self._environment()
            )
        self._wait_until_up()

    def stop(self) -> None:
        """End it in order, as an administrator would."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(kill=True)

    def freeze(self) -> None:
        """Let it hang: connections stay open and nobody answers on them."""
        self._signal(signal.SIGSTOP)
        time.sleep(0.2)  # its other threads go on until the one that is told has been scheduled

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(what)

    def restart(self) -> None:
        """Stop and start on the same port with the same data."""
        self.stop()
        self.start()

    def keep(self) -> None:
        """Stop it in order, and keep a copy of all that it has written."""
        self.stop()
        shutil.copytree(self.folder / "data", self.folder / "kept")

    def rewind(self) -> None:
        """Start it anew with what was kept."""
        self.kill()
        shutil.rmtree(self.folder / "data")
        shutil.copytree(self.folder / "kept", self.folder / "data")
        self.start()

    def remove(self) -> None:
        """End it and delete everything it wrote."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """Give the last words of its log."""
        path = self.folder / "server.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def _install(self) -> None:
        """Make the data folder, the first time; the others in this process are copies, which take a tenth."""
        size = tuple(self._size)
        if size in _made:
            shutil.copytree(_made[size], self.folder / "data")
            return
        self._make()
        kept = Path(tempfile.mkdtemp(prefix="pupero-mariadb-", dir=self.folder.parent))
        atexit.register(shutil.rmtree, kept, ignore_errors=True)
        _made[size] = shutil.copytree(self.folder / "data", kept / "data")

    def _make(self) -> None:
        more = ("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
        command = [_program("mariadb-install-db"), *self._common_flags(), *more]
        subprocess.run(command, check=True, capture_output=True, env=self._environment())

    def _common_flags(self) -> list[str]:
        flags = ["--no-defaults", *self._size, f"--datadir={self.folder / 'data'}", f"--tmpdir={self.folder / 'tmp'}"]
        # The server refuses to run as root unless told so; other accounts may not choose.
        return [*flags, "--user=root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else flags

    def _server_flags(self) -> list[str]:
        return [
            *self._common_flags(),
            f"--socket={self.folder / 'server.sock'}",
            f"--pid-file={self.folder / 'server.pid'}",
            f"--port={self.port}",
            f"--bind-address={self.address}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--performance-schema=off",
            "--innodb-flush-log-at-trx-commit=0",
            *self._flags,
        ]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "TMPDIR": str(self.folder / "tmp")}

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if _greets(self.address, self.port):
                return
            time.sleep(0.05)
        raise RuntimeError(f"the private MariaDB did not start: {self.log()}")

    def _end(self, *, kill: bool) -> None:
        if self._process is None:
            return
        (self._process.kill if kill else self._process.terminate)()
        self._process.wait(STOP_SECONDS)
        self._process = None


def unavailable() -> str | None:
    """Say why no private server can be made on this machine, or None."""
    lacking = [name for name in ("mariadbd", "mariadb-install-db") if not _find(name)]
    if os.name == "nt":
        return "private servers are not made on Windows: set DATABASE_URL to a server for tests"
    return f"not installed: {', '.join(lacking)} (Debian: mariadb-server-core)" if lacking else None


def quick_folder() -> Path | None:
    """Return a folder whose files live in memory, where there is one with room."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if usable else None


def _find(name: str) -> str | None:
    # Debian keeps the server in /usr/sbin, which an ordinary account's PATH lacks.
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(("/usr/sbin", "/usr/local/sbin")))


def _program(name: str) -> str:
    found = _find(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed")
    return found


def _greets(address: str, port: int) -> bool:
    """Wait for the server's greeting: it listens a moment before it answers."""
    try:
        with socket.create_connection((address, port), timeout=1) as client:
            return bool(client.recv(1))
    except OSError:
        return False
