"""The proxies of examples/ as a real nginx and a real Caddy: their files as they stand, on ports that are free."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from testing.processes import KEPT, ROOT, START_WAIT, STOP_WAIT, wait_for_port
from testing.quiet import serving
from testing.required import missing
from testing.tls import write_certificate

EXAMPLES = ROOT / "examples"
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/example.conf;
}}
"""
# What no example says: that this Caddy is one of many on this machine, and tells nobody whom to trust.
CADDY = """{{
    admin off
    local_certs
    skip_install_trust
    auto_https disable_redirects
    storage file_system {folder}/caddy
}}
import {example}
"""


@dataclass
class Application:
    """An application behind a proxy that knows nothing of accounts, and notes what reaches it."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def running_application() -> Iterator[Application]:
    """Start one, which answers every request with a page that says what was asked for."""
    noted = Application()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            noted.asked.append(f"{self.command} {self.path}{' ' + body if body else ''}")
            noted.headers.append({name.lower(): value for name, value in self.headers.items()})
            page = f"<!doctype html><title>Inside</title><h1>Inside</h1><p>{self.command} {self.path}</p>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_POST = _answer  # noqa: N815 the library's names

    with serving(Handler) as noted.address:
        yield noted


@contextmanager
def running_nginx(  # noqa: PLR0913 what an example leaves to whoever takes it
    folder: Path, name: str, pages: str, application: str, port: int, *, domain: str = "example.com"
) -> Iterator[None]:
    """Start an example of nginx; what it marks as yours is what a test puts in."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        missing("nginx", "no nginx is installed")
    certificate = str(write_certificate(folder / "tls.pem"))
    yours = {"127.0.0.1:5000": urlsplit(pages).netloc, "127.0.0.1:8080": application}
    text = (EXAMPLES / "nginx" / name).read_text(encoding="utf-8")
    yours |= {"listen 443 ssl": f"listen 127.0.0.1:{port} ssl", **dict.fromkeys(_certificates(text), certificate)}
    yours |= {"example.com": domain}
    for ours, theirs in yours.items():
        assert ours in text, ours
        text = text.replace(ours, theirs)
    (folder / "example.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder), encoding="utf-8")
    with _running(
        [program, "-e", f"{folder}/nginx.log", "-p", str(folder), "-c", f"{folder}/nginx.conf"], port, domain
    ):
        yield


@contextmanager
def running_caddy(folder: Path, name: str, pages: str, application: str, **sites: str) -> Iterator[None]:
    """Start an example of Caddy, which takes what is yours, names with ports included, from its environment."""
    program = shutil.which("caddy")
    if program is None:
        missing("caddy", "no Caddy is installed")
    wrapper, site = folder / "Caddyfile", next(iter(sites.values()))
    wrapper.write_text(CADDY.format(folder=folder, example=EXAMPLES / "caddy" / name), encoding="utf-8")
    yours = {"PAGES": urlsplit(pages).netloc, "APPLICATION": application, **sites}
    command = [program, "run", "--adapter", "caddyfile", "--config", str(wrapper)]
    with _running(command, int(site.partition(":")[2]), site.partition(":")[0], **yours):
        yield


def _certificates(text: str) -> set[str]:
    return {word.rstrip(";") for word in text.split() if word.startswith("/etc/ssl/")}


@contextmanager
def _running(command: list[str], port: int, name: str, **environment: str) -> Iterator[None]:
    kept = {name: value for name in KEPT if (value := os.environ.get(name))}
    process = subprocess.Popen(command, env=kept | environment, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        _wait_for_certificate(port, name)
        yield
    finally:
        process.terminate()
        process.wait(STOP_WAIT)


def _wait_for_certificate(port: int, name: str) -> None:
    """Wait until it speaks TLS: Caddy listens before it has made the certificate that it makes for itself."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    end = time.monotonic() + START_WAIT
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port)) as plain:
                context.wrap_socket(plain, server_hostname=name).close()
        except ssl.SSLError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    """Give a started application for a proxy to protect."""
    with running_application() as running:
        yield running
