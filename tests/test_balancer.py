"""The balancer's configurations in a real HAProxy: what they keep away from the pages and the API."""

import ssl
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count
from socket import create_connection

import pytest

from testing.balancer import Balancer, StartBalancer
from testing.quiet import serving

PAGES = [("plain.cfg", 5000), ("tls.cfg", 8443)]
EVERY_DOOR = [*PAGES, ("plain.cfg", 8000)]
FORM = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@dataclass
class Behind:
    """A server behind the balancer that notes what reaches it, before any body."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def behind() -> Iterator[Behind]:
    """Give a started one."""
    noted = Behind()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

        def _answer(self) -> None:
            noted.asked.append(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            for name, value in {**noted.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # a form that was given up
                self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815 the library's names

    with serving(Handler) as noted.address:
        yield noted


def ask(balancer: Balancer, port: int, text: str) -> bytes:
    """Send a request as it is written, and return all that comes back until the balancer closes."""
    with balancer.connect(port) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def status_of(answer: bytes) -> int:
    """Return an answer's status."""
    return int(answer.split(b" ", 2)[1])


def get(path: str) -> str:
    """Return a request for a page, after which the connection ends."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize(("name", "port"), PAGES)
def test_slow_forms_wait_at_the_balancer(start_balancer: StartBalancer, behind: Behind, name: str, port: int) -> None:
    """Seventeen bodies that drip in held every thread of the pages; now none of these forms reaches them."""
    balancer = start_balancer(name, {"ui": behind.address, "login": behind.address})
    with ExitStack() as stack:
        for _ in range(17):
            slow = stack.enter_context(balancer.connect(port))
            slow.sendall(f"{FORM}Content-Length: 1000\r\n\r\nuser".encode())
        # What came later is answered, so what came before had its time to get through.
        assert status_of(ask(balancer, port, get("/login"))) == 200
        whole = f"{FORM}Content-Length: 4\r\nConnection: close\r\n\r\nuser"
        assert ask(balancer, port, whole).endswith(b"\r\n\r\nuser")

    assert behind.asked == ["GET /login", "POST /login"]


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize(("name", "port"), PAGES)
def test_what_cannot_be_waited_for_is_refused(
    start_balancer: StartBalancer, behind: Behind, name: str, port: int
) -> None:
    """A body that outgrows the buffer, or is of unknown length, would be passed on while it drips in."""
    balancer = start_balancer(name, {"ui": behind.address, "login": behind.address})
    long = f"{FORM}Content-Length: 60000\r\n\r\n{'x' * 20000}"
    endless = f"{FORM}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nuser\r\n0\r\n\r\n"

    assert status_of(ask(balancer, port, long)) == 413
    assert status_of(ask(balancer, port, endless)) == 411
    assert behind.asked == []


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame of HTTP/2 (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


@pytest.mark.asvs("15.2.2")
def test_http_2_has_no_way_around_it(start_balancer: StartBalancer, behind: Behind) -> None:
    """There a body needs neither a length nor a header that says so."""
    balancer = start_balancer("tls.cfg", {"ui": behind.address})
    method, scheme, path, host = b"\x83", b"\x87", b"\x44\x06/login", b"\x41\x01x"
    with balancer.connect(8443, "h2") as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))
        connection.sendall(frame(1, 4, 1, method + scheme + path + host))
        connection.sendall(frame(0, 0, 1, b"x" * 10_000) * 2)  # and no end
        answer = b""
        while b"A form says how long it is." not in answer:
            piece = connection.recv(65536)
            assert piece, answer
            answer += piece

    assert behind.asked == []


LOOKS = count(1)


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize(("name", "port"), EVERY_DOOR)
def test_one_source_gets_so_many_connections(
    start_balancer: StartBalancer, behind: Behind, name: str, port: int
) -> None:
    """Connections that say nothing take the balancer's places; one address may not take them all."""
    balancer = start_balancer(name, {"ui": behind.address, "login": behind.address})
    assert not is_refused(balancer, port)
    with ExitStack() as stack:
        for _ in range(3000):  # of which a slow machine has the first closed as silent before the last are open
            with suppress(OSError):  # TLS notices at once
                stack.enter_context(balancer.connect(port))
            if is_full(balancer, port):
                return
    raise AssertionError("no connection was refused")


def is_full(balancer: Balancer, port: int) -> bool:
    """Look now and then whether the next connection is refused."""
    return next(LOOKS) % 50 == 0 and is_refused(balancer, port)


def is_refused(balancer: Balancer, port: int) -> bool:
    """Tell whether the balancer closes a new connection without an answer."""
    try:
        return not ask(balancer, port, get("/login"))
    except OSError:
        return True


@pytest.mark.asvs("13.4.5", "1.1.1")
@pytest.mark.parametrize("path", ["/metrics", "/%6detrics", "/%6D%65trics?x", "/METRICS", "/metrics/"])
def test_metrics_stay_inside(start_balancer: StartBalancer, behind: Behind, path: str) -> None:
    """The API decodes its path before it looks at it, so the balancer does as well."""
    balancer = start_balancer("plain.cfg", {"ui": behind.address, "login": behind.address})
    refused = [status_of(ask(balancer, 8000, get(spelling))) for spelling in (path, f"http://x{path}")]

    assert refused == [404, 404]
    assert status_of(ask(balancer, 8000, get("/user/profile"))) == 200


@pytest.mark.asvs("3.4.1", "3.4.3", "3.4.4", "3.4.6")
@pytest.mark.parametrize(("name", "port"), EVERY_DOOR)
def test_its_own_answers_are_guarded_too(start_balancer: StartBalancer, behind: Behind, name: str, port: int) -> None:
    """A refusal, and that nobody is there: neither sniffed nor framed, and over https for a year."""
    ill = f"{FORM}Content-Length: 60000\r\n\r\n{'x' * 20000}" if (name, port) in PAGES else get("/metrics")
    servers = {"ui": behind.address, "login": behind.address}
    refused = ask(start_balancer(name, servers), port, ill)
    away = ask(start_balancer(name, dict.fromkeys(servers, "127.0.0.1:9")), port, get("/login"))

    assert (status_of(refused), status_of(away)) == (404 if port == 8000 else 413, 503)
    for answer in (refused, away):
        head = answer.partition(b"\r\n\r\n")[0].decode().lower()
        assert "x-content-type-options: nosniff" in head
        assert "content-security-policy: default-src 'none'; frame-ancestors 'none'" in head
        assert ("strict-transport-security: max-age=31536000" in head) is (name == "tls.cfg")


@pytest.mark.asvs("3.4.1")
def test_what_is_passed_on_keeps_its_own_headers(start_balancer: StartBalancer, behind: Behind) -> None:
    """The pages know their policy, and whether subdomains speak https."""
    behind.headers = {"Content-Security-Policy": "theirs", "Strict-Transport-Security": "max-age=5; includeSubDomains"}
    head = ask(start_balancer("tls.cfg", {"ui": behind.address}), 8443, get("/login")).decode().lower()

    assert head.count("content-security-policy") == head.count("strict-transport-security") == 1
    assert "content-security-policy: theirs" in head
    assert "max-age=5; includesubdomains" in head


def shake_hands(balancer: Balancer, context: ssl.SSLContext) -> tuple[str | None, str]:
    """Return which TLS and which cipher suite the two agree on."""
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with create_connection(("127.0.0.1", balancer.ports[8443])) as end, context.wrap_socket(end) as connection:
        cipher = connection.cipher()
        assert cipher
        return connection.version(), cipher[0]


def speaking(version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    """Return a client that knows nothing newer, and no other cipher suites."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python, at the versions that must be refused
        context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.asvs("12.1.1", "12.1.2")
def test_tls_is_of_today(start_balancer: StartBalancer, behind: Behind) -> None:
    """TLS 1.3 where both can, 1.2 with forward secrecy and authenticated encryption, and nothing weaker."""
    balancer = start_balancer("tls.cfg", {"ui": behind.address})
    latest, older = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.TLSVersion.TLSv1_2

    assert shake_hands(balancer, latest)[0] == "TLSv1.3"
    assert shake_hands(balancer, speaking(older, "ALL"))[1].startswith("ECDHE-")
    for version, ciphers in (
        (older, "kRSA"),
        (older, "ECDHE+SHA1"),
        (older, "DHE+AES"),
        (ssl.TLSVersion.TLSv1_1, "ALL"),
    ):
        with pytest.raises(OSError, match=r"handshake|alert|EOF|reset|SSL"):
            shake_hands(balancer, speaking(version, ciphers))
