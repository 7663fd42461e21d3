"""What a connection may cost: uvicorn bounds neither a head, nor the wait for one, nor for an answer to be taken.

It offers an application no way to its connections, so `bound_connections` puts ours in the place of its own: also
under the plain command of the README, where no proxy stands before the API.
"""

import asyncio
import json
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import HeadTooLarge
from app.web.middleware import HEAD_MAX
from app.web.problems import MEDIA_TYPE, describe

HEAD_WAIT = 10.0  # seconds
TAKE_WAIT = 60.0  # seconds for a client to take some of an answer that is longer than what the system buffers
IDLE_MAX = 512  # connections that say nothing: half of the files that most systems let a process open

_BODY = json.dumps(describe(HeadTooLarge.status, HeadTooLarge.detail, HeadTooLarge.code)).encode()
REFUSAL = (
    f"HTTP/1.1 {HeadTooLarge.status:d} {HeadTooLarge.status.phrase}\r\nContent-Type: {MEDIA_TYPE}\r\n"
    f"Content-Length: {len(_BODY)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
).encode() + _BODY


class BoundedConnection(HttpToolsProtocol):
    """Ends with 431 where a head grows too large, in silence where it or its answer stalls or too many just wait."""

    idle: ClassVar[dict["BoundedConnection", None]] = {}  # the longest first
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _unparsed = 0  # bytes since a head was complete or a body went on: of trailers (RFC 9112, 7.1.2), of the next head

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._serve()
        self._end_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse on, and look at what is still incomplete."""
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > HEAD_MAX:
            self._refuse()
        elif self._is_serving():
            self._serve()
        else:
            self._wait()

    def on_headers_complete(self) -> None:
        """Begin a request."""
        self._unparsed = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, whose size is the application's to judge."""
        self._unparsed = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the next request, no longer than uvicorn keeps a connection."""
        super().on_response_complete()
        if not self._is_serving():
            self._join_idle()

    def pause_writing(self) -> None:
        """Hold the answer until the client has taken some of it; one that takes none would hold it for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(TAKE_WAIT, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        self._end_stall()
        super().resume_writing()

    def _end_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _is_serving(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _serve(self) -> None:
        self.idle.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _wait(self) -> None:
        """Give the request its time, which more bytes of it do not lengthen."""
        self._deadline = self._deadline or self.loop.call_later(HEAD_WAIT, self.transport.close)
        self._join_idle()

    def _join_idle(self) -> None:
        """Give way to the newest when too many wait: silent connections must not use up what a process may open."""
        self.idle.setdefault(self)
        if len(self.idle) > IDLE_MAX:
            longest = next(iter(self.idle))
            del self.idle[longest]
            longest.transport.abort()

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        if not self._is_serving():
            self.transport.write(REFUSAL)
        self.transport.close()


def bound_connections() -> None:
    """Have uvicorn make our connections, whatever its command line says of others."""

    def make(kind: type[HttpToolsProtocol], *_: Any, **__: Any) -> HttpToolsProtocol:  # noqa: ANN401 uvicorn's own
        return object.__new__(BoundedConnection if kind is HttpToolsProtocol else kind)

    HttpToolsProtocol.__new__ = staticmethod(make)  # type: ignore[assignment,method-assign]
