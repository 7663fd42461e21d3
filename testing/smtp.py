"""A real SMTP server that takes mails, and can be made to be slow, to refuse, to drop the line, and to be away."""

import asyncio
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from testing.mail import parse_mail
from testing.processes import free_port

WAIT = 60.0  # seconds
ACCOUNT = ("pupero", "a relay's password")


class _Doorkeeper(Controller):
    """Hangs up on whoever is still there when the server stops: nobody would close their connections any more."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._made: list[SMTP] = []
        super().__init__(*arguments, **options)

    def factory(self) -> SMTP:
        """Make what answers one connection."""
        self._made.append(super().factory())  # type: ignore[no-untyped-call]  # the library has no types
        return self._made[-1]

    def stop(self, no_assert: bool = False) -> None:
        """Stop for good."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(WAIT)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        """Take nobody more, let whoever was taken just now get a line, and close all lines before the loop ends."""
        for listening in self.server.sockets if isinstance(self.server, asyncio.Server) else ():
            # A server that is closed while it takes somebody loses them, and their socket with them.
            self.loop.remove_reader(listening.fileno())
        await _let_the_loop_turn()
        for answering in self._made:
            if isinstance(line := answering.transport, asyncio.Transport):
                line.abort()
        await _let_the_loop_turn()


async def _let_the_loop_turn() -> None:
    """Let everything be done that is already to be done, and what comes of it."""
    for _ in range(10):
        await asyncio.sleep(0)


@dataclass
class Sink:
    """The server, what it has taken, and how it behaves."""

    port: int = field(default_factory=free_port)
    seconds: float = 0.0
    refused: dict[str, str] = field(default_factory=dict)
    refused_senders: dict[str, str] = field(default_factory=dict)
    refused_content: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    dropped_late: set[str] = field(default_factory=set)  # taken, but the worker never hears of it
    options: dict[str, Any] = field(default_factory=dict)
    begun: int = 0
    sessions: int = 0
    logins: list[str] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)
    recipients_taken: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _controller: _Doorkeeper | None = None

    def start(self) -> None:
        """Open the port."""
        self._controller = _Doorkeeper(self, hostname="127.0.0.1", port=self.port, **self.options)
        self._controller.start()

    def stop(self) -> None:
        """Close the port: the server is away."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def restart(self, **options: Any) -> None:
        """Start again with other options of the library's."""
        self.stop()
        self.options = options
        self.start()

    @property
    def settings(self) -> dict[str, Any]:
        """Give the settings by which the API finds it."""
        return {"smtp_host": "127.0.0.1", "smtp_port": self.port, "smtp_secure": "none"}

    @property
    def environment(self) -> dict[str, str]:
        """Give the same as environment variables."""
        return {name.upper(): str(value) for name, value in self.settings.items()}

    @property
    def ids(self) -> Counter[str]:
        """Count the mails taken by their Message-ID."""
        with self._lock:
            return Counter(str(mail["Message-ID"]) for mail in self.taken)

    @property
    def recipients(self) -> list[str]:
        """List to whom mails were taken, sorted."""
        with self._lock:
            return sorted(self.recipients_taken)

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, who: Any
    ) -> AuthResult:
        """Take the one account, when the options ask for authentication."""
        good = isinstance(who, LoginPassword) and (who.login.decode(), who.password.decode()) == ACCOUNT
        self.logins.append(who.login.decode())
        return AuthResult(success=good)

    async def handle_EHLO(  # noqa: N802 the library's signature
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet."""
        del server, envelope
        session.host_name = hostname
        self.sessions += 1
        return responses

    async def handle_MAIL(  # noqa: N802 the library's signature
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender, unless they are to be refused."""
        del server, session
        if address in self.refused_senders:
            return self.refused_senders[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 the library's signature
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, unless they are to be refused."""
        del server, session, options
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 the library's
        """Take a mail, in its time, unless the line is to break first."""
        del session
        recipient, content = envelope.rcpt_tos[0], envelope.content
        self.begun += 1
        begin = time.monotonic()
        while time.monotonic() - begin < self.seconds:  # noqa: ASYNC110 a test in another thread may stop waiting
            await asyncio.sleep(0.01)
        if recipient in self.dropped and server.transport is not None:
            server.transport.close()
        if recipient in self.dropped | self.refused_content.keys():
            return self.refused_content.get(recipient, "421 too late to be heard")
        with self._lock:
            self.recipients_taken.append(recipient)
            self.taken.append(parse_mail(content if isinstance(content, bytes) else (content or "").encode()))
        if recipient in self.dropped_late and server.transport is not None:
            server.transport.close()
        return "250 OK"


@pytest.fixture
def smtp_sink() -> Iterator[Sink]:
    """Give a started server."""
    sink = Sink()
    sink.start()
    yield sink
    sink.stop()


def wait_until(happened: Callable[[], object], seconds: float = WAIT) -> None:
    """Return once something has happened; fail when it takes too long."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def smtp_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Give a server's side of TLS for 127.0.0.1, by an authority that this process trusts."""
    path = tmp_path / "smtp.pem"
    path.write_bytes(_make_certificate())
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


def _make_certificate() -> bytes:
    """Make a key and a certificate that signs itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(hours=1))
    builder = builder.not_valid_after(now + timedelta(hours=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = builder.add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
