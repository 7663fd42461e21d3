"""Files that are made while they are sent."""

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.errors import ApiError


class Download(StreamingResponse):
    """JSON to be saved under a name. Where its making is refused half-way, the answer stays incomplete.

    The server then closes the connection without the last chunk (RFC 9112, section 8): nobody takes half for all.
    """

    def __init__(self, pieces: AsyncIterator[bytes], filename: str) -> None:
        """Take what is sent; the name has letters of ASCII only."""
        headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
        super().__init__(pieces, headers=headers, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as far as it goes; what ended it stands in the request's line of the log."""
        try:
            await super().__call__(scope, receive, send)
        except ApiError as error:
            scope["state"]["code"] = error.code
