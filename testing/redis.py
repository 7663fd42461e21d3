"""A real Redis for tests: the one on this machine's usual port, else a private one; and one of a test's own to kill."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.processes import free_port
from testing.required import missing

USUAL_PORT = 6379
START_SECONDS = 60.0


class RedisControl:
    """A private server that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        """Choose a port; `start` starts the server."""
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        flags = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [_program(), *flags, "--dir", str(self._folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + START_SECONDS
        while not _answers(self.port):
            if time.monotonic() > end:
                raise RuntimeError("the private Redis did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it hang: connections stay open and nobody answers on them."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(what)


@pytest.fixture
def redis_control(tmp_path: Path) -> Iterator[RedisControl]:
    """Give a started private server of the test's own."""
    if shutil.which("redis-server") is None:
        missing("redis", "redis-server is not installed")
    control = RedisControl(tmp_path)
    control.start()
    yield control
    control.kill()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give a server that other tests use too: count only under addresses of your own."""
    if _answers(USUAL_PORT):
        yield f"redis://127.0.0.1:{USUAL_PORT}/0"
        return
    if shutil.which("redis-server") is None:
        missing("redis", f"nothing answers on 127.0.0.1:{USUAL_PORT}, and redis-server is not installed")
    control = RedisControl(tmp_path_factory.mktemp("redis"))
    control.start()
    yield control.url
    control.kill()


def _program() -> str:
    found = shutil.which("redis-server")
    if found is None:
        raise RuntimeError("redis-server is not installed")
    return found


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False
