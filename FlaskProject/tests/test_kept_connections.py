"""Connections to the API that are kept for the next call, and what becomes of them while nobody calls."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from threading import Thread

import pytest

from FlaskProject.backend import kept_connections
from FlaskProject.backend.http import Backend, BackendUnavailable, Visitor
from testing.quiet import QuietHttpServer

NOBODY = Visitor("203.0.113.7", "Firefox/1", "0123456789abcdef")


class OneAnswer(BaseHTTPRequestHandler):
    """Keeps its connection open, yet closes it on the next request: as a server does whose idle time ends just then."""

    protocol_version = "HTTP/1.1"
    answered = False

    def log_message(self, *_args: object) -> None:
        """Stay quiet."""

    def do_POST(self) -> None:
        """Answer the first request of a connection."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.answered:
            self.close_connection = True
            return
        self.answered = True
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@pytest.fixture
def backend() -> Iterator[Backend]:
    """Give the pages' road to such a server."""
    server = QuietHttpServer(("127.0.0.1", 0), OneAnswer)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield Backend(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def send(backend: Backend) -> object:
    """Send a form."""
    return backend.send(NOBODY, "POST", "/email/verify", body={"token": "x"}, token=None, seconds=20)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the time that connections go by; it stands still until a test moves it."""
    now = [1000.0]
    monkeypatch.setattr(kept_connections, "monotonic", lambda: now[0])
    return now


def test_a_form_never_meets_a_connection_about_to_be_closed(backend: Backend, clock: list[float]) -> None:
    """After three idle seconds it takes a new connection, however often; uvicorn closes one after five."""
    for _ in range(4):
        assert send(backend) == {}
        clock[0] += 3


def test_a_connection_in_use_is_kept(backend: Backend, clock: list[float]) -> None:
    """And a form that is lost on it after all is not sent again: nobody knows whether it was read."""
    assert send(backend) == {}
    clock[0] += 2.9

    with pytest.raises(BackendUnavailable):
        send(backend)
