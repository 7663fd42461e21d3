"""Bodies larger than any of ours are refused before they are read.

Not by the framework's own limit: it stands outside our middleware, and answers without its headers and in plain text.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

BODY_MAX = 64 * 1024  # bytes


class LimitedBody:
    """An ASGI `receive` that refuses with 413 whatever is announced as, or turns out, larger than BODY_MAX."""

    def __init__(self, receive: Receive, headers: Headers) -> None:
        """Take what the client announces; nothing is read yet."""
        announced = headers.get("content-length", "")
        self._receive = receive
        self._announced = int(announced[:20]) if announced.isdecimal() else 0
        self._received = 0

    async def __call__(self) -> Message:
        """Receive the next part."""
        self._require_within_limit(self._announced)
        message = await self._receive()
        self._received += len(message.get("body", b""))
        self._require_within_limit(self._received)
        return message

    @staticmethod
    def _require_within_limit(size: int) -> None:
        if size > BODY_MAX:
            raise HTTPException(413)
