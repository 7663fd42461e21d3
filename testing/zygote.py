"""Server processes that start at once: forked off one that has imported the API and the pages already.

A fork is a process like any other, with an environment, a log and signals of its own; what it saves is the second in
which Python reads the same libraries again, once for each of hundreds of servers.
"""

import atexit
import json
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from socket import socket, socketpair
from threading import Lock
from typing import IO, Any

ROOT = Path(__file__).parents[1]
POSSIBLE = sys.platform == "linux"
# What libraries look at while they are imported: who sets it wants a process from the very beginning.
READ_AT_IMPORT = {"COVERAGE_PROCESS_START", "PROMETHEUS_MULTIPROC_DIR"}


class Fork:
    """One process, as `subprocess.Popen` shows it."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        """Run `-m module ...` with this environment, and append what it says to a file."""
        self.pid: int = _zygote().ask("fork", arguments, dict(environment), str(log))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        if self.returncode is None:
            self.returncode = _zygote().ask("poll", self.pid)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """Wait until it has ended."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("a fork", timeout)
            time.sleep(0.005)
        return status


class _Zygote:
    """The process that all forks of this test run come from."""

    def __init__(self) -> None:
        ours, theirs = socketpair()
        command = [sys.executable, "-m", "testing.zygote", str(theirs.fileno())]
        paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "Login")])}
        with theirs:
            self._process = subprocess.Popen(command, cwd=ROOT, env=os.environ | paths, pass_fds=[theirs.fileno()])
        self._line, self._lock = ours.makefile("rw"), Lock()
        ours.close()
        atexit.register(self._end)

    def ask(self, *request: object) -> Any:
        """Have something done over there."""
        with self._lock:
            print(json.dumps(request), file=self._line, flush=True)
            return json.loads(self._line.readline())

    def _end(self) -> None:
        self._line.close()
        self._process.wait()


@cache
def _zygote() -> _Zygote:
    return _Zygote()


def _serve(line: IO[str]) -> list[Any]:
    """Answer until the other end goes; in each fork, return what it is to become."""
    for request in map(json.loads, line):
        what, *details = request
        answer = os.fork() if what == "fork" else _status_of(*details)
        if answer == 0 and what == "fork":
            return list(details)
        print(json.dumps(answer), file=line, flush=True)
    return []


def _status_of(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _become(arguments: list[str], environment: dict[str, str], log: str) -> None:
    """Be the process that `python -m module ...` would be."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((0, os.devnull), (1, log), (2, log)):
        with Path(path).open("rb" if number == 0 else "ab") as file:
            os.dup2(file.fileno(), number)
    _dash_m, module, *rest = arguments
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _import_everything() -> None:
    """Import what servers need, except drivers: which one serves, a setting tells."""
    import flask.cli  # noqa: F401, PLC0415 in the zygote only
    import uvicorn._subprocess  # noqa: PLC0415

    import FlaskProject.app  # noqa: F401, PLC0415
    import testing.serve  # noqa: F401, PLC0415

    # Workers of one server are forked too.
    uvicorn._subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]  # noqa: SLF001


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, who then hang up
    _import_everything()
    with socket(fileno=int(sys.argv[1])) as end, end.makefile("rw") as line:
        task = _serve(line)
    if task:
        _become(*task)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        _main()
