"""A line to a server that is slow, or is cut at the worst moment: a TCP relay of the test's own."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from sqlalchemy import make_url

Pass = Callable[[bytes], bool]


class Line:
    """Relays to a port of this machine; `delay` seconds each way, cut after whatever holds the bytes of `cut_after`."""

    def __init__(self, port: int) -> None:
        """Open it."""
        self.delay = 0.0
        self.cut_after: bytes | None = None
        self.cuts = 0
        self.hear: Callable[[bytes], object] = len  # what is to be told of whatever the client sends
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lead(self, url: str) -> str:
        """Lead a database's URL through it."""
        return make_url(url).set(port=self.port).render_as_string(hide_password=False)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._relay, args=(client, server, self._is_cut), daemon=True).start()
                threading.Thread(target=self._relay, args=(server, client, lambda _: False), daemon=True).start()

    def _is_cut(self, data: bytes) -> bool:
        self.hear(data)
        return self.cut_after is not None and self.cut_after in data.upper()

    def _relay(self, source: socket.socket, target: socket.socket, is_cut: Pass) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delay)
                if cut := is_cut(data):
                    self.cuts += 1
                    hang_up(source)  # before the answer can come back
                target.sendall(data)
                if cut:
                    break
        hang_up(source)
        hang_up(target)


@pytest.fixture
def line(migrated_url: str) -> Iterator[Line]:
    """Give a line to the test's database, on a server: short, and whole."""
    line = Line(make_url(migrated_url).port or 0)
    yield line
    line.close()


def hang_up(end: socket.socket) -> None:
    """End a connection for both directions."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
