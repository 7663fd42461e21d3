"""One request to the receiver: to an address that was looked at, over TLS that is checked, and no further."""

import contextlib
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse

from app.outbox.outcomes import NotDelivered, Refused, ServerAway, describe
from app.settings.webhook_receiver import Receiver
from app.webhooks.addresses import find_addresses

SECONDS = 10.0  # for the whole of it
DELIVERED = range(200, 300)


class Post(HTTPConnection):
    """A connection for one request; it asks no proxy, follows no redirect and reads no body."""

    def __init__(self, receiver: Receiver, context: ssl.SSLContext, *, private: bool) -> None:
        """Take the receiver; nothing connects yet."""
        super().__init__(receiver.host, receiver.port, timeout=SECONDS)
        self._receiver = receiver
        self._context = context
        self._private = private
        self._is_cut = False

    def send_to_receiver(self, headers: dict[str, str], body: bytes) -> None:
        """Hand a message over, or raise NotDelivered."""
        try:
            self.open()
            self.request("POST", self._receiver.target, body, {"Host": self._receiver.authority, **headers})
            answer = self.getresponse()
            if self._is_cut:  # what there is of an answer is no answer
                raise TimeoutError
            judge(answer)
        except (HTTPException, OSError) as error:
            raise NotDelivered(describe(error)) from error
        finally:
            self.close()

    def abort(self) -> None:
        """Cut the line, from another thread: however slowly the receiver answers, this ends."""
        self._is_cut = True
        line: socket.socket | None = self.sock
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def connect(self) -> None:
        """Connect to one of the addresses that were looked at, and let the receiver prove its name."""
        failure: OSError = TimeoutError()
        for address in find_addresses(self._receiver, private=self._private):
            if self._is_cut:
                break
            try:
                self.sock = socket.create_connection((address, self._receiver.port), SECONDS)
            except OSError as error:
                failure = error
                continue
            return self._encrypt() if self._receiver.is_encrypted else None
        raise failure

    def open(self) -> None:
        """Connect, or raise ServerAway: what keeps us from it is no fault of the message."""
        try:
            self.connect()
        except (OSError, ValueError) as error:  # a name that cannot be asked for
            raise ServerAway(describe(error)) from error

    def _encrypt(self) -> None:
        # The handshake comes apart, so that it can be cut off too.
        line = self._context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = line
        line.do_handshake()


def judge(answer: HTTPResponse) -> None:
    """Take 2xx for a delivery, 410 for a refusal for good, and anything else, a redirect too, for a later try."""
    if answer.status in DELIVERED:
        return
    kind = Refused if answer.status == HTTPStatus.GONE else NotDelivered
    raise kind(f"HTTP {answer.status}", read_wait(answer.headers.get("Retry-After", "")))


def read_wait(text: str) -> timedelta:
    """Read Retry-After (RFC 9110, section 10.2.3): seconds or a date; what is neither asks for no wait."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**6))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return timedelta(0)
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)
