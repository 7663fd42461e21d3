"""A real receiver of webhooks, which can be made to refuse, to hang, and to be away; it checks what it gets."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

import pytest

from app.config import Settings
from app.outbox.outcomes import ServerAway
from app.resources import Resources, make_resources
from app.webhooks import post, worker
from testing.loops import finish
from testing.processes import free_port
from testing.quiet import QuietHttpServer

WAIT = 60.0  # seconds


class Message(NamedTuple):
    """What was taken."""

    id: str
    type: str
    data: dict[str, Any]
    user_id: str


class Answer(NamedTuple):
    """What the receiver answers."""

    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()
    drips: int = 0  # bytes that come first, one by one


@dataclass
class Receiver:
    """The server, what it has taken, and how it behaves."""

    port: int = field(default_factory=free_port)
    secret: str = field(default_factory=lambda: f"whsec_{base64.b64encode(b'0123456789abcdefghijklmnop' * 2).decode()}")
    scheme: str = "http"
    answers: dict[str, Answer] = field(default_factory=dict)  # by the account's id or the type
    asked: list[str] = field(default_factory=list)  # every path, also of what was not taken
    taken: list[Message] = field(default_factory=list)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    may_answer: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: QuietHttpServer | None = None

    def __post_init__(self) -> None:
        """Begin by answering at once."""
        self.may_answer.set()

    def start(self, context: ssl.SSLContext | None = None) -> None:
        """Open the port."""
        self._server = QuietHttpServer(("127.0.0.1", self.port), _make_handler(self))
        if context is not None:
            self.scheme = "https"
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close the port: the receiver is away."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def settings(self) -> dict[str, Any]:
        """Give the settings by which the API finds it."""
        return {"webhook_url": f"{self.scheme}://127.0.0.1:{self.port}/hook?a=b", "webhook_secret": self.secret}

    @property
    def types(self) -> list[str]:
        """List the types of what was taken, in order."""
        with self._lock:
            return [message.type for message in self.taken]

    def of(self, user_id: str) -> list[str]:
        """List what was taken about an account."""
        with self._lock:
            return [message.type for message in self.taken if message.user_id == user_id]

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Take a message that is signed, unless it is to be refused."""
        self.asked.append(path)
        self.begun.release()
        assert self.may_answer.wait(WAIT)
        verify(self.secret, headers, body)
        content = json.loads(body)
        data, kind = content["data"], content["type"]
        answer = self.answers.get(data["user_id"]) or self.answers.get(kind) or Answer()
        with self._lock:
            if answer.status in range(200, 300):
                self.taken.append(Message(headers["webhook-id"], kind, data, data["user_id"]))
        return answer


def verify(secret: str, headers: dict[str, str], body: bytes) -> None:
    """Check a signature as the specification tells receivers to, in words of our own."""
    key = base64.b64decode(secret.split("_", 1)[1])
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    wanted = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
    assert f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def _make_handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Hand it to the receiver."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = receiver.answer(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            if answer.drips:
                self._drip(answer.drips)
            self.send_response(answer.status)
            for header in answer.headers:
                self.send_header(*header)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _drip(self, count: int) -> None:
            """Answer ever so slowly: no single wait is long."""
            self.wfile.write(b"HTTP/1.1 204 ")
            for _ in range(count):
                self.wfile.write(b"x")
                time.sleep(0.05)
            self.wfile.write(b"\r\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Give a started receiver, which may take its time on a busy machine."""
    for module in (post, worker):
        monkeypatch.setattr(module, "SECONDS", WAIT)
    made = Receiver()
    made.start()
    yield made
    made.may_answer.set()
    made.stop()


def deliver_webhooks(settings: Settings) -> bool:
    """Let a worker of its own deliver all that is due, and end; False when the receiver is away."""
    return finish(_deliver(make_resources(settings)))


async def _deliver(resources: Resources) -> bool:
    delivering = worker.make_worker(resources)
    try:
        await delivering.deliver_due()
    except ServerAway:
        return False
    finally:
        delivering.close()
        resources.close()
    return True
