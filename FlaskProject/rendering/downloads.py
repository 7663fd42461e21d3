"""Files of the API, passed on to the browser."""

from collections.abc import Iterator

from flask import Response, stream_with_context

from FlaskProject.backend.http import BackendUnavailable, Download
from FlaskProject.rendering.error_pages import log_outage


def pass_on(download: Download) -> Response:
    """Answer with a file as it comes, never the whole of it at once."""
    response = Response(stream_with_context(_pieces(download)), mimetype="application/json")
    response.headers["Content-Disposition"] = download.disposition
    response.call_on_close(download.close)
    return response


def _pieces(download: Download) -> Iterator[bytes]:
    """Break off where the file does: the server then ends the connection, and the browser calls the download failed."""
    try:
        yield from download.pieces
    except BackendUnavailable as outage:
        log_outage(outage)
        raise
