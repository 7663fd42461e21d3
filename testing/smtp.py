"""A real SMTP server that takes mails, and can be made to be slow, to refuse, to drop the line, and to be away."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from testing.mail import parse_mail
from testing.processes import free_port


class Sink:
    """The server, what it has taken, and how it behaves."""

    def __init__(self) -> None:
        """Choose a port; `start` opens it."""
        self.port = free_port()
        self.taken: list[EmailMessage] = []
        self.seconds = 0.0
        self.refused: dict[str, str] = {}
        self.dropped: set[str] = set()
        self.refused_content: dict[str, str] = {}
        self.sessions = 0
        self._lock = threading.Lock()
        self._controller: Controller | None = None

    def start(self) -> None:
        """Open the port."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Close the port: the server is away."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def settings(self) -> dict[str, object]:
        """Give the settings by which the API finds it."""
        return {"smtp_host": "127.0.0.1", "smtp_port": self.port, "smtp_secure": "none", "smtp_timeout_seconds": 1}

    @property
    def ids(self) -> Counter[str]:
        """Count the mails taken by their Message-ID."""
        with self._lock:
            return Counter(str(mail["Message-ID"]) for mail in self.taken)

    async def handle_EHLO(  # noqa: N802 the library's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet."""
        del server, envelope
        session.host_name = hostname
        self.sessions += 1
        return responses

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
        recipient = envelope.rcpt_tos[0]
        await asyncio.sleep(self.seconds)
        if recipient in self.dropped and server.transport is not None:
            server.transport.close()
            return "421 too late to be heard"
        if recipient in self.refused_content:
            return self.refused_content[recipient]
        content = envelope.content
        with self._lock:
            self.taken.append(parse_mail(content if isinstance(content, bytes) else (content or "").encode()))
        return "250 OK"


@pytest.fixture
def smtp_sink() -> Iterator[Sink]:
    """Give a started server."""
    sink = Sink()
    sink.start()
    yield sink
    sink.stop()
