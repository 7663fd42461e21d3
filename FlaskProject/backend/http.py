"""The only file that calls the API: one road, a time budget, and two ways to fail."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import requests
from requests.exceptions import BaseHTTPError  # type: ignore[attr-defined]  # what its raw answers raise
from urllib3.exceptions import NewConnectionError

from FlaskProject.backend.answers import Json
from FlaskProject.backend.road import CONNECT_SECONDS, Road

LARGEST_ANSWER = 1024 * 1024
CHUNK = 64 * 1024
NOTHING_DONE = {"busy", "database_unavailable", "secret_unreadable", "draining"}  # codes that mean it
BUSY_SECONDS = 5  # to come back in, when too many wait for the API already
SHARE_OF_DOWNLOADS = 6  # one download for so many calls at once: each holds its thread for as long as a slow browser


class BackendUnavailable(Exception):
    """The API is down, too slow, or answers nonsense; nothing of it is fit for a page."""

    def __init__(
        self, why: str, retry_after: int | None = None, code: str = "", *, may_have_acted: bool = True
    ) -> None:
        """Keep the reason for the log, what the API itself said, and whether it may have done what was asked."""
        super().__init__(why)
        self.code = code
        self.retry_after = retry_after
        self.may_have_acted = may_have_acted and code not in NOTHING_DONE


@dataclass(eq=False)
class Refusal(Exception):
    """The API said no, with a stable code."""

    status: int
    code: str
    fields: Mapping[str, str] = field(default_factory=dict)  # what is wrong with which, as a code
    retry_after: int | None = None
    extra: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Visitor:
    """Whom the pages speak for: what the API stores with a session and limits by."""

    address: str
    user_agent: str
    request_id: str
    language: str = "en"


@dataclass(frozen=True)
class Download:
    """A file on its way from the API; whoever passes it on closes it, however far it came."""

    disposition: str
    pieces: Iterator[bytes]
    close: Callable[[], None]


class Backend:
    """Sends one request, hands back JSON, a Refusal or BackendUnavailable."""

    def __init__(self, url: str, ca_bundle: Path | None = None, at_once: int = 48) -> None:
        """Remember where the API is, and who alone may have signed its certificate, if not the public authorities."""
        self._places = BoundedSemaphore(at_once)
        self._downloads = BoundedSemaphore(max(1, at_once // SHARE_OF_DOWNLOADS))
        self._road = Road(url, ca_bundle)

    def send(  # noqa: PLR0913 a request has this many parts
        self, visitor: Visitor, method: str, path: str, *, body: Json | None, token: str | None, seconds: float
    ) -> Json:
        """Ask once; a GET whose kept-alive connection had just been closed is asked again."""
        ask = partial(self._ask, method, path, body, _headers(visitor, token), seconds)
        try:
            return ask()
        except requests.Timeout as failure:
            why = f"{method} {path}: no answer within its budget"
            raise BackendUnavailable(why, may_have_acted=not _never_arrived(failure)) from None
        except requests.RequestException as failure:
            if method != "GET" or not isinstance(failure, requests.ConnectionError):
                why = f"{method} {path}: {type(failure).__name__}"
                raise BackendUnavailable(why, may_have_acted=not _never_arrived(failure)) from None
        try:
            return ask()
        except requests.RequestException as failure:
            raise BackendUnavailable(f"{method} {path}: {type(failure).__name__}") from None

    def download(self, visitor: Visitor, path: str, *, token: str, seconds: float) -> Download:
        """Ask for a file once, and hand it back unread; each piece of it has so many seconds to arrive."""
        deadline = time.monotonic() + CONNECT_SECONDS + seconds
        with ExitStack() as held:
            held.enter_context(_place(self._downloads, f"GET {path}"))
            try:
                response = held.enter_context(self._road.ask("GET", path, None, _headers(visitor, token), seconds))
            except requests.RequestException as failure:
                raise BackendUnavailable(f"GET {path}: {type(failure).__name__}") from None
            disposition = response.headers.get("Content-Disposition")
            if response.status_code != HTTPStatus.OK or disposition is None:
                _understand(response, _read_all(response, deadline))
                raise BackendUnavailable(f"GET {path}: an answer that is no file")
            return Download(disposition, _read_pieces(response), held.pop_all().close)

    def _ask(self, method: str, path: str, body: Json | None, headers: dict[str, str], seconds: float) -> Json:
        deadline = time.monotonic() + CONNECT_SECONDS + seconds
        with (
            _place(self._places, f"{method} {path}"),
            self._road.ask(method, path, body, headers, seconds) as response,
        ):
            return _understand(response, _read_all(response, deadline))


@contextmanager
def _place(places: BoundedSemaphore, call: str) -> Iterator[None]:
    """Take a place; whoever finds none is told at once, and holds no thread that a page without the API could use."""
    if not places.acquire(blocking=False):
        why = f"{call}: too many wait for the API already"
        raise BackendUnavailable(why, retry_after=BUSY_SECONDS, may_have_acted=False)
    try:
        yield
    finally:
        places.release()


def _never_arrived(failure: requests.RequestException) -> bool:
    """Tell whether there was no connection by which the API could have heard of the request."""
    reason = getattr(failure.args[0], "reason", None) if failure.args else None
    return isinstance(failure, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _headers(visitor: Visitor, token: str | None) -> dict[str, str]:
    headers = {
        "Accept": "application/json",
        "Accept-Language": visitor.language,
        "User-Agent": visitor.user_agent,
        "X-Forwarded-For": visitor.address,
        "X-Request-ID": visitor.request_id,
    }
    return headers | {"Authorization": f"Bearer {token}"} if token else headers


def _read_all(response: requests.Response, deadline: float) -> bytes:
    """Read the body as it comes, giving up on one that never ends or drips in."""
    body = b""
    for piece in _read_pieces(response):
        body += piece
        if len(body) > LARGEST_ANSWER or time.monotonic() > deadline:
            raise BackendUnavailable("the answer is too large or too slow")
    return body


def _read_pieces(response: requests.Response) -> Iterator[bytes]:
    """Read the body as it comes; one that is shorter than announced, or lacks its last chunk, raises."""
    try:
        while piece := response.raw.read1(CHUNK, decode_content=True):
            yield piece
    except BaseHTTPError as failure:
        raise BackendUnavailable(f"the answer broke off: {type(failure).__name__}") from None


def _understand(response: requests.Response, body: bytes) -> Json:
    """Sort an answer into success, refusal and nonsense."""
    status, data = response.status_code, _json(body)
    retry_after = _seconds(response.headers.get("Retry-After"))
    if status in {HTTPStatus.OK, HTTPStatus.CREATED} and isinstance(data, dict | list):
        return data if isinstance(data, dict) else {"items": data}
    code = data.get("code") if isinstance(data, dict) else None
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise BackendUnavailable(f"the API answered {status}", retry_after, str(code or ""))
    if status >= HTTPStatus.BAD_REQUEST and isinstance(data, dict) and isinstance(code, str):
        raise Refusal(status, code, _refused_fields(data.get("detail")), retry_after, data)
    raise BackendUnavailable(f"the API answered {status}, which means nothing here")


def _json(body: bytes) -> Any:  # noqa: ANN401 whatever JSON holds
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _seconds(header: str | None) -> int | None:
    return int(header) if header and header.isascii() and header.isdigit() and len(header) < len("1000000") else None


def _refused_fields(detail: Any) -> dict[str, str]:  # noqa: ANN401 whatever JSON holds
    """Name the fields of a 422, whose detail is FastAPI's list, each with the code of what is wrong with it."""
    rows = [row for row in detail if isinstance(row, dict)] if isinstance(detail, list) else []
    places = [(row.get("loc"), str(row.get("code"))) for row in rows]
    return {str(place[-1]): code for place, code in places if isinstance(place, list) and place}
