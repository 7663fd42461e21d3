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
        self._announced = int(announced[:20]) if announced.isdecimal() else 0
        self._received = 0
        self._complete = False
        self._end: float | None = None

    async def __call__(self) -> Message:
        """Receive the next part."""
        self._require_within_limit(self._announced)
        message = await (self._receive() if self._complete else self._receive_in_time())
        self._received += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        self._require_within_limit(self._received)
        return message

    async def _receive_in_time(self) -> Message:
        if self._end is None:
            self._end = asyncio.get_running_loop().time() + BODY_WAIT
        try:
            async with asyncio.timeout_at(self._end):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None

    @staticmethod
    def _require_within_limit(size: int) -> None:
        if size > BODY_MAX:
            raise HTTPException(413)
