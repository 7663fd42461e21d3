"""The balancer of the images as a real HAProxy, with one server behind each of its names."""

import re
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import socket

import pytest

from testing.processes import ROOT, STOP_WAIT, free_port, wait_for_port
from testing.required import missing
from testing.tls import write_certificate

CONFIGURATIONS = ROOT / "deploy" / "balancer"


@dataclass
class Balancer:
    """One running HAProxy: its ports by those of the images."""

    ports: dict[int, int]

    def connect(self, port: int, speaking: str = "http/1.1") -> socket:
        """Open a connection to what the images serve at a port; TLS names the protocol."""
        end = socket()
        if port == 8443:  # noqa: PLR2004 the one that speaks TLS
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols([speaking])
            end = context.wrap_socket(end)
        end.settimeout(60)
        try:
            end.connect(("127.0.0.1", self.ports[port]))
        except OSError:
            end.close()
            raise
        return end


StartBalancer = Callable[[str, dict[str, str]], Balancer]


@pytest.fixture
def start_balancer(tmp_path: Path) -> Iterator[StartBalancer]:
    """Give a function that starts a configuration before `login` and `ui` at the addresses that it is told."""
    program = shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")
    if program is None:
        missing("haproxy", "no HAProxy is installed")
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, servers: dict[str, str]) -> Balancer:
        text = (CONFIGURATIONS / name).read_text(encoding="utf-8")
        ports = {int(port): free_port() for port in re.findall(r"bind :(\d+)", text)}
        text = re.sub(r"bind :(\d+)", lambda found: f"bind 127.0.0.1:{ports[int(found[1])]}", text)
        text = text.replace("/run/pupero/tls.pem", str(write_certificate(tmp_path / "tls.pem")))
        for part, address in servers.items():
            text = re.sub(rf"server-template {part} .*", f"server {part} {address}", text)
        (tmp_path / name).write_text(text, encoding="utf-8")
        started.append(subprocess.Popen([program, "-db", "-f", tmp_path / name]))
        for port in ports.values():
            wait_for_port(port)
        return Balancer(ports)

    yield start
    for process in started:
        process.terminate()
        process.wait(STOP_WAIT)
