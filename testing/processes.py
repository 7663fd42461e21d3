"""Real servers as processes of their own: started on a free port, waited for, stopped, and their output kept."""

import atexit
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from testing.zygote import POSSIBLE, READ_AT_IMPORT, Fork

ROOT = Path(__file__).parents[1]
START_WAIT = 120.0  # seconds
STOP_WAIT = 60.0  # seconds
BLOCK = 100  # ports of a process' own
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "COVERAGE_PROCESS_START")


@cache
def own_ports() -> tuple[socket.socket, Iterator[int]]:
    """Claim a block of ports for this process: runs beside it, and workers of its own run, have others.

    They lie below those that systems hand out by themselves, where any connection of anybody could take one between
    its choice and the server's start. The claim is the block's first UDP port, which is held until the process ends.
    """
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    atexit.register(claim.close)
    for begin in random.sample(range(10_000, 30_000, BLOCK), 20_000 // BLOCK):
        with suppress(OSError):
            claim.bind(("127.0.0.1", begin))
            return claim, cycle(range(begin, begin + BLOCK))
    raise RuntimeError("every block of ports is in use")


def free_port() -> int:
    """Return a port that nobody listens on, and that nobody else is about to."""
    for port in islice(own_ports()[1], BLOCK):
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("every port of this process is in use")


def wait_for_port(port: int) -> None:
    """Wait until somebody listens on a port of this machine."""
    end = time.monotonic() + START_WAIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


class Server:
    """One server process, with its address and its log."""

    def __init__(
        self, arguments: list[str], environment: Mapping[str, str], port: int, log: Path, *, forked: bool = False
    ) -> None:
        """Take what to run: a Python command line without the interpreter, which may be forked off the zygote."""
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self._arguments = arguments
        kept = {name: value for name in KEPT if (value := os.environ.get(name))}
        self._environment = {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "Login")]), **environment}
        self._forked = forked and POSSIBLE and not READ_AT_IMPORT & self._environment.keys()
        self._process: Fork | subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Give the process id of the one that was started."""
        return self._process.pid if self._process else 0

    def start(self, probe: str) -> None:
        """Start it and wait until `probe` answers at all."""
        self._process = self._launch()
        self._wait(lambda: self._answers(probe))

    def _launch(self) -> "Fork | subprocess.Popen[bytes]":
        if self._forked:
            return Fork(self._arguments, self._environment, self.log)
        command = [sys.executable, *self._arguments]
        with self.log.open("ab") as output:
            return subprocess.Popen(command, env=self._environment, cwd=ROOT, stdout=output, stderr=output)

    def wait_for(self, line: str, times: int) -> None:
        """Wait until it has written this so often."""
        self._wait(lambda: self.read_log().count(line) >= times)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and return its status."""
        if self._process is None:
            return 0
        self._process.send_signal(how)
        try:
            status = self._process.wait(STOP_WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait(STOP_WAIT)
        return status

    def read_log(self) -> str:
        """Return what it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _wait(self, is_ready: Callable[[], bool]) -> None:
        end = time.monotonic() + START_WAIT
        while not is_ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"the server did not start:\n{self.read_log()}")
            time.sleep(0.02)

    def _answers(self, probe: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + probe, timeout=2):  # noqa: S310 our own address
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False
