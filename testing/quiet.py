"""Servers of tests whose clients go away: what that raises in a thread must not stand in another test's output."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import ThreadingTCPServer
from threading import Thread


class QuietHttpServer(ThreadingHTTPServer):
    """Lets a browser open many connections at once; of more than the usual five some would come back a second later."""

    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever waits for an answer sees that there is none."""


class QuietTcpServer(ThreadingTCPServer):
    """The same for other protocols."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer by a handler meanwhile, and give the address to call."""
    server = QuietHttpServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
