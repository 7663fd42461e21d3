"""Servers of tests whose clients go away: what that raises in a thread must not stand in another test's output."""

from http.server import ThreadingHTTPServer
from socketserver import ThreadingTCPServer


class QuietHttpServer(ThreadingHTTPServer):
    """Lets a browser open many connections at once; of more than the usual five some would come back a second later."""

    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever waits for an answer sees that there is none."""


class QuietTcpServer(ThreadingTCPServer):
    """The same for other protocols."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""
