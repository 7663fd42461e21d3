"""dev.py's child processes: started together, and none is ever left behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devtools import services
from testing.processes import free_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")

ROOT = Path(__file__).resolve().parent.parent

SERVE = """
import json, sys
from devtools import services
services.STOP_SECONDS = 1.0
wanted = [services.Service(*one) for one in json.loads(sys.argv[1])]
sys.exit(services.serve(wanted, "all up"))
"""
WEB = """
import http.server, os, signal, sys
class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("hello from", sys.argv[2], os.getpid(), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Quiet).serve_forever()
"""
UNREADY = """
import json, sys, time
from dataclasses import replace
from devtools import services
first, second = [services.Service(*one) for one in json.loads(sys.argv[1])]
def prepare():
    while not services.answers(first.url): time.sleep(0.05)
    sys.exit("the database is not ready")
sys.exit(services.serve((first, replace(second, prepare=prepare)), "all up"))
"""
DIES = "import sys; sys.exit('the disk is on fire')"

Started = Callable[..., "subprocess.Popen[str]"]


def web(name: str, *options: str) -> tuple[str, list[str], str]:
    """Return a small web server as a service."""
    port = free_port()
    return name, [sys.executable, "-c", WEB, str(port), name, *options], f"http://127.0.0.1:{port}/"


def is_up(service: tuple[str, list[str], str]) -> bool:
    """Tell whether the service's port still takes connections."""
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", int(service[1][3]))) == 0


@pytest.fixture
def start() -> Iterator[Started]:
    """Give a function that serves in a process of its own, which is gone after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*wanted: tuple[str, list[str], str], script: str = SERVE) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", script, json.dumps(wanted)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        pipe, merge = subprocess.PIPE, subprocess.STDOUT
        process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=merge, text=True)  # noqa: S603
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


def read_until(process: "subprocess.Popen[str]", *texts: str) -> str:
    """Return the output up to the line that makes all of the texts be there: two services speak when they like."""
    seen = ""
    for line in process.stdout or ():
        seen += line
        if all(text in seen for text in texts):
            return seen
    raise AssertionError(seen)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_both(start: Started, number: signal.Signals) -> None:
    """Ctrl-C, a supervisor's SIGTERM and a closed terminal end with status 0 and free ports."""
    api, ui = web("api"), web("ui")
    process = start(api, ui)
    read_until(process, "all up")

    process.send_signal(number)
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert not is_up(api)
    assert not is_up(ui)


def test_output_is_shown_under_the_services_name(start: Started) -> None:
    """A person sees which of the two said what."""
    seen = read_until(start(web("api"), web("ui")), "hello from api", "hello from ui")

    assert "api | hello from api" in seen
    assert "ui | hello from ui" in seen


def test_a_service_that_falls_is_named_and_takes_the_other_along(start: Started) -> None:
    """A start that fails ends with status 1, the culprit's last lines, and nothing left running."""
    api, broken = web("api"), ("ui", [sys.executable, "-c", DIES], f"http://127.0.0.1:{free_port()}/")

    process = start(api, broken)
    seen, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "ui ended with status 1. Its last lines:\nthe disk is on fire" in seen
    assert not is_up(api)


def test_what_one_service_waits_for_is_done_while_another_starts(start: Started) -> None:
    """The pages come up before there is a database; where it cannot be made they end again, and the API never began."""
    ui, api = web("ui"), web("api")

    process = start(ui, api, script=UNREADY)
    seen, _ = process.communicate(timeout=60)

    assert (process.returncode, "hello from ui" in seen, "hello from api" in seen) == (1, True, False)
    assert seen.endswith("the database is not ready\n")
    assert not is_up(ui)


def test_a_service_that_falls_later_is_noticed(start: Started) -> None:
    """One that is killed while both run ends the other as well."""
    api, ui = web("api"), web("ui")
    process = start(api, ui)
    number = re.search(r"hello from ui (\d+)", read_until(process, "all up", "hello from ui"))

    assert number
    os.kill(int(number[1]), signal.SIGKILL)
    seen, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "ui ended with status -9" in seen
    assert not is_up(api)


def test_one_that_ignores_the_signal_is_killed(start: Started) -> None:
    """Nothing outlives dev.py, however stubborn it is."""
    stubborn = web("api", "stubborn")
    process = start(stubborn)
    read_until(process, "all up")

    process.send_signal(signal.SIGINT)
    seen, _ = process.communicate(timeout=60)

    assert "api does not stop: it is killed." in seen
    assert not is_up(stubborn)


class Logging:
    """A service that has just logged, and perhaps goes on for ever."""

    def __init__(self, *, forever: bool) -> None:
        """Log once."""
        self._forever = forever
        self._last = time.monotonic()

    @property
    def last_line(self) -> float:
        """When it logged last."""
        return time.monotonic() if self._forever else self._last


@pytest.mark.parametrize("forever", [False, True])
def test_the_addresses_wait_for_the_log_of_the_start_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, *, forever: bool
) -> None:
    """They stand below it, so that nobody looks for them within; a service that never falls silent holds up nobody."""
    monkeypatch.setattr(services, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(services, "SETTLE_SECONDS", 0.6)
    one, before = Logging(forever=forever), time.monotonic()

    services.wait_until_silent([one])  # type: ignore[list-item]

    assert time.monotonic() - before >= (0.6 if forever else 0.15)
