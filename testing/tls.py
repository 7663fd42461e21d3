"""A TLS-terminating proxy as stands in front of the pages in production, small and with a certificate of its own."""

import datetime as dt
import ssl
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from testing.quiet import QuietHttpServer

StartProxy = Callable[..., str]


def write_certificate(path: Path) -> Path:
    """Write a key and a self-signed certificate for localhost into one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    builder = builder.not_valid_after(now + dt.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(pem, pkcs8, serialization.NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(pem))
    return path


def _handler(target: str, prefix: str, *, spoils: bool) -> type[BaseHTTPRequestHandler]:
    """Pass on what comes for the prefix; `spoils` adds what many a guide has proxies do to Host and Referrer-Policy."""
    spoilt = {"Host": target} if spoils else {}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            there = HTTPConnection(target, timeout=20)
            told = {"X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https", "Connection": "close"}
            told |= {"X-Forwarded-Prefix": prefix} if prefix else {}
            path = self.path.removeprefix(prefix) or "/"
            there.request(self.command, path, body, dict(self.headers.items()) | told | spoilt)
            answer = there.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            if spoils:
                self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(answer.read())
            there.close()

        do_GET = do_POST = _pass_on  # noqa: N815 the library's names

    return Handler


@pytest.fixture
def start_proxy(tmp_path: Path) -> Iterator[StartProxy]:
    """Give a function that puts https in front of a server and returns its address; all are stopped at the end."""
    started: list[ThreadingHTTPServer] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(tmp_path / "localhost.pem"))

    def start(url: str, prefix: str = "", *, spoils: bool = False) -> str:
        server = QuietHttpServer(("127.0.0.1", 0), _handler(urlsplit(url).netloc, prefix, spoils=spoils))
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        started.append(server)
        return f"https://localhost:{server.server_port}{prefix}"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()
