"""Bodies larger than any of ours, or slower, are refused before they are parsed.

Not by the framework's own limit: it stands outside our middleware, and answers without its headers and in plain text.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

BODY_MAX = 64 * 1024  # bytes
BODY_WAIT = 20.0  # seconds for all of it: a byte a minute would hold a connection for ever


class LimitedBody:
    """An ASGI `receive` that refuses what is, or says it is, larger than BODY_MAX with 413, what stalls with 408."""

    def __init__(self, receive: Receive, headers: Headers) -> None:
        """Take what the client announces; nothing is read yet."""
        announced = headers.get("content-length", "")
        self._receive = receive
        self._size = int(announced[:20]) if announced.isdecimal() else 0
        self._received = 0
        self._end: float | None = asyncio.get_running_loop().time() + BODY_WAIT

    async def __call__(self) -> Message:
        """Receive the next part; what comes after the body, such as that the client has left, has its time."""
        self._require_within_limit()
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        self._received += len(message.get("body", b""))
        self._size = max(self._size, self._received)
        if not message.get("more_body", False):
            self._end = None
        self._require_within_limit()
        return message

    def _require_within_limit(self) -> None:
        if self._size > BODY_MAX:
            raise HTTPException(413)
