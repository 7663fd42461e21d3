"""Connections to the API, kept open for the next call, and given up before the API's end may close them."""

from time import monotonic
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

# uvicorn closes what is idle for 5 s. A form sent in that moment is lost: nobody knows whether it was read.
IDLE_SECONDS = 3.0


class _Kept:
    """Counts as closed once it has been idle for too long; the pool then opens it anew."""

    _answered_at = 0.0

    def getresponse(self) -> Any:  # noqa: ANN401 the base's own
        """Note when the connection was of use."""
        response = super().getresponse()  # type: ignore[misc]  # of the connection that this is mixed into
        self._answered_at = monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        """Tell whether a request may be sent over it."""
        fresh = monotonic() - self._answered_at < IDLE_SECONDS
        return fresh and bool(super().is_connected)  # type: ignore[misc]  # likewise


class _KeptHTTP(_Kept, HTTPConnection):
    """Over plain http."""


class _KeptHTTPS(_Kept, HTTPSConnection):
    """Over TLS."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _KeptHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _KeptHTTPS


POOLS = {"http": _HTTPPool, "https": _HTTPSPool}
