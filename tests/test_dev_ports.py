"""A taken port is named together with the process that holds it."""

import os
import socket
import sys
from collections.abc import Iterator

import pytest

from devtools import cli, ports

LSOF = "p812\ncControlCe\nf10\n"
NETSTAT = """
Aktive Verbindungen

  Proto  Lokale Adresse         Remoteadresse          Status           PID
  TCP    127.0.0.1:5000         127.0.0.1:61002        HERGESTELLT      77
  TCP    0.0.0.0:15000          0.0.0.0:0              ABHÖREN          12
  TCP    0.0.0.0:5000           0.0.0.0:0              ABHÖREN          4711
"""
TASKLIST = '"python.exe","4711","Console","1","21.540 K"\n'


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Give a socket of this very process that listens on a free port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_taken_port_is_refused_with_its_holder_and_a_way_out(listener: socket.socket) -> None:
    """The sentence names the port, this process and the flag that takes another port."""
    port = listener.getsockname()[1]

    with pytest.raises(SystemExit) as refusal:
        ports.refuse_if_taken(port, "--ui-port")

    assert f"Port {port} is taken by " in str(refusal.value)
    assert f"(process {os.getpid()})" in str(refusal.value)
    assert "--ui-port" in str(refusal.value)


def test_a_free_port_is_not_refused(listener: socket.socket) -> None:
    """As soon as the holder is gone, the same port may be taken."""
    port = listener.getsockname()[1]
    listener.close()

    ports.refuse_if_taken(port, "--ui-port")


@pytest.mark.parametrize("flag", ["--api-port", "--ui-port"])
@pytest.mark.parametrize("port", ["70000", "-1", "0", "five", "", "٥٠٠٠"])
def test_what_is_no_port_is_refused(flag: str, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A number that no port can have ends it like a word would, with the flag's name and the numbers there are."""
    with pytest.raises(SystemExit):
        cli.parse([f"{flag}={port}"])

    assert f"{flag}: a port is a number from 1 to 65535" in capsys.readouterr().err


def test_a_listener_on_all_addresses_counts() -> None:
    """A program on 0.0.0.0 answers on 127.0.0.1 too, as AirPlay does on a Mac's port 5000."""
    with socket.socket() as listening:
        listening.bind(("0.0.0.0", 0))  # noqa: S104 - the case that is tested
        listening.listen()

        assert ports.is_taken(listening.getsockname()[1])


def test_an_unknown_holder_still_gives_a_sentence(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another account's process cannot be named, and the refusal says that."""
    monkeypatch.setattr(ports, "holder", lambda _port: None)

    with pytest.raises(SystemExit, match="another program"):
        ports.refuse_if_taken(listener.getsockname()[1], "--api-port")


def test_lsof_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name and number are read from lsof's field output."""
    monkeypatch.setattr(ports.shutil, "which", lambda _name: "/usr/sbin/lsof")
    monkeypatch.setattr(ports, "output", lambda *_command: LSOF)

    assert ports.lsof_holder(5000) == "ControlCe (process 812)"


def test_netstat_is_understood_in_any_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """The listener is found by its peerless address, not by a translated word, and not by a longer port number."""
    monkeypatch.setattr(ports, "output", lambda *command: NETSTAT if command[0] == "netstat" else TASKLIST)

    assert ports.windows_holder(5000) == "python.exe (process 4711)"


def test_a_missing_system_tool_is_no_error() -> None:
    """Without lsof or netstat the port alone is named."""
    assert ports.output("no-such-tool-here") == ""
