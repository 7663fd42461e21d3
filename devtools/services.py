"""API and pages as child processes: started together, watched, and stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from devtools import ROOT, background, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

START_SECONDS = 60.0
STOP_SECONDS = 10.0
PAUSE_SECONDS = 0.1
SILENT_SECONDS = 0.3
SETTLE_SECONDS = 3.0

# A proxy that the machine is set up with must not stand between us and our own children.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Service:
    """What to start, the address that answers once it is up, and what must be done before."""

    name: str
    command: Sequence[str]
    url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], object] = bool


class Fallen(Exception):
    """A service ended by itself."""


class Running:
    """One started service: its process, and its last lines in case it falls."""

    def __init__(self, service: Service) -> None:
        """Start it apart from the terminal's Ctrl-C, which is ours to pass on."""
        self.service = service
        self.tail: deque[str] = deque(maxlen=15)
        self.last_line = time.monotonic()
        self.process = start(service)
        self.reader = threading.Thread(target=self.relay, daemon=True)
        self.reader.start()

    def relay(self) -> None:
        """Show the service's output under its name."""
        for line in self.process.stdout or ():
            self.tail.append(line)
            self.last_line = time.monotonic()
            say(f"{self.service.name} | {line.rstrip()}")

    def check(self) -> None:
        """Raise when the service has ended."""
        status = self.process.poll()
        if status is not None:
            self.reader.join(2)
            raise Fallen(f"{self.service.name} ended with status {status}. Its last lines:\n{''.join(self.tail)}")

    def ask_to_stop(self) -> None:
        """Ask politely: requests in flight are finished."""
        if self.process.poll() is not None:
            return
        if sys.platform == "win32":
            self.process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self.process.terminate()

    def wait_or_kill(self, deadline: float) -> None:
        """Give it until the deadline, then end whatever is left of it."""
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"{self.service.name} does not stop: it is killed.")
        self.kill()
        self.reader.join(2)

    def kill(self) -> None:
        """End the process and whatever it started."""
        background.kill_group(self.process)


def start(service: Service) -> subprocess.Popen[str]:
    """Start the service in a process group of its own."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"} | dict(service.environment)
    return background.start(service.command, environment, cwd=ROOT)


def serve(services: Sequence[Service], announcement: str) -> int:
    """Run all until a signal (status 0) or until one of them falls (status 1)."""
    on_signals(interrupt)
    running: list[Running] = []
    try:
        say(f"Starting {' and '.join(service.name for service in services)} ...")
        for service in services:  # one by one, so that what has started is stopped
            service.prepare()
            running.append(Running(service))
        wait_until_up(running)
        wait_until_silent(running)
        say(announcement)
        watch(running)
    except KeyboardInterrupt:
        say("\nStopping ...")
        return 0
    except Fallen as fall:
        say(str(fall))
        return 1
    finally:
        stop(running)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Turn every signal that asks us to end into one exception."""
    raise KeyboardInterrupt


def on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    """Handle Ctrl-C, a supervisor's SIGTERM and a closed terminal alike."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handler)


def wait_until_up(running: Sequence[Running]) -> None:
    """Return when every service answers."""
    deadline = time.monotonic() + START_SECONDS
    for one in running:
        while not answers(one.service.url):
            check_all(running)
            if time.monotonic() > deadline:
                raise Fallen(f"{one.service.name} does not answer at {one.service.url} after {START_SECONDS:.0f} s.")
            time.sleep(PAUSE_SECONDS)


def wait_until_silent(running: Sequence[Running]) -> None:
    """Let the log of the start end, so that what a person looks for stands below it and not within."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while max(one.last_line for one in running) + SILENT_SECONDS > time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)


def watch(running: Sequence[Running]) -> NoReturn:
    """Look at all of them until one has fallen."""
    while True:
        check_all(running)
        time.sleep(PAUSE_SECONDS)


def check_all(running: Sequence[Running]) -> None:
    """Raise when one of them has ended."""
    for one in running:
        one.check()


def answers(url: str) -> bool:
    """Tell whether the address answers with success."""
    try:
        with direct.open(url, timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def stop(running: Sequence[Running]) -> None:
    """Ask all to stop, wait, and kill what stays; a second Ctrl-C kills at once."""

    def kill_all(_number: int, _frame: FrameType | None) -> None:
        for one in running:
            one.kill()

    on_signals(kill_all)
    for one in running:
        one.ask_to_stop()
    deadline = time.monotonic() + STOP_SECONDS
    for one in running:
        one.wait_or_kill(deadline)
