"""The sockets beneath the driver's connections, so that whoever waits for a silent host can be told at once."""

import socket
import threading
from contextlib import suppress
from typing import Any


class Sockets:
    """A second handle on each connection's socket; the driver may close its own at any moment."""

    def __init__(self) -> None:
        """Hold none."""
        self._held: dict[int, tuple[int, socket.socket]] = {}
        self._lock = threading.Lock()

    def add(self, connection: Any, generation: int) -> None:  # noqa: ANN401 the driver's own type
        """Hold the socket of a connection that was made in this generation."""
        number = _find_number(connection)
        if number >= 0:
            with self._lock:
                held = socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM)
                self._held[id(connection)] = generation, held

    def drop(self, connection: Any) -> None:  # noqa: ANN401 likewise
        """Let go of it, as the connection is closed."""
        with self._lock:
            held = self._held.pop(id(connection), None)
        if held is not None:
            held[1].close()

    def cut(self, generation: int) -> None:
        """End all connections of a generation: whoever waits on one has an error at once."""
        with self._lock:
            for held in (held for made, held in self._held.values() if made == generation):
                with suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)


def _find_number(connection: Any) -> int:  # noqa: ANN401 likewise
    """Return the number of a connection's socket, or -1: each build of the driver keeps it elsewhere."""
    if hasattr(connection, "get_socket"):
        return int(connection.get_socket())
    held: socket.socket | None = getattr(getattr(connection, "_client", None), "socket", None)
    return -1 if held is None else held.fileno()
