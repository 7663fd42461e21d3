"""The road to the one API there is: requests' own adapter, whose every answer about it is worked out at the start.

A Session asks anew for each call what never changes here: proxies, cookies, .netrc, redirects, which host it is and by
which certificates it is known. With one a page takes 1.10 times the processor time (docs/performance.md, "Pages").
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import default_headers
from urllib3.connectionpool import ConnectionPool

from FlaskProject.backend.answers import Json
from FlaskProject.backend.kept_connections import POOLS

CONNECT_SECONDS = 2.0
ENCODINGS = {"Accept-Encoding": str(default_headers()["Accept-Encoding"])}


class Road(HTTPAdapter):
    """Sends what it is given to one host; it follows nobody elsewhere, and keeps no cookie."""

    def __init__(self, url: str, ca_bundle: Path | None) -> None:
        """Remember where the API is, and who alone may have signed its certificate, if not the public authorities."""
        super().__init__(pool_connections=1, pool_maxsize=64)
        self.poolmanager.pool_classes_by_scheme = POOLS
        there, verify = PreparedRequest(), str(ca_bundle) if ca_bundle else True
        there.prepare(method="GET", url=url)
        self._below = urlsplit(url).path
        self._host = super().get_connection_with_tls_context(there, verify)
        super().cert_verify(self._host, url, verify, None)  # type: ignore[no-untyped-call]  # in its stubs

    def ask(self, method: str, path: str, body: Json | None, headers: dict[str, str], seconds: float) -> Response:
        """Send one request and return its answer, the body still to be read."""
        request = PreparedRequest()
        request.method, request.url = method, self._below + path
        request.prepare_headers(ENCODINGS | headers)
        request.prepare_body(None, None, body)
        return self.send(request, stream=True, timeout=(CONNECT_SECONDS, seconds))

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> ConnectionPool:  # noqa: ANN401 the base's
        """Return the connections to the API."""
        return self._host

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 likewise
        """Leave it at what was decided at the start."""

    def request_url(self, request: PreparedRequest, _proxies: object) -> str:
        """Return what stands in the first line: there is no proxy that would want more."""
        return request.url or ""

    def build_response(self, _req: PreparedRequest, resp: Any) -> Response:  # noqa: ANN401 likewise
        """Hand on what is read of an answer."""
        response = Response()
        response.status_code, response.raw = resp.status, resp
        response.headers = CaseInsensitiveDict(resp.headers)
        return response
