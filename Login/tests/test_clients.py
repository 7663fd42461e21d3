"""Whose address counts: forwarded ones are believed from trusted proxies only, whatever the header says."""

import socket
import string
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.clients.addresses import clean_user_agent, find_address, parse_address
from app.clients.devices import describe_device
from app.clients.networks import describe_network
from testing.api import Person, StartApi, register, sign_in

NETWORKS = [ip_network("127.0.0.1"), ip_network("::1"), ip_network("10.0.0.0/8")]
PROXY, STRANGER = ("127.0.0.1", 40000), ("198.51.100.5", 40000)


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: addresses know nothing of the database."""
    return sqlite_copy


@pytest.mark.asvs("4.1.3", "15.3.4")
@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        (PROXY, "", "127.0.0.1"),
        (PROXY, "203.0.113.9", "203.0.113.9"),
        (PROXY, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (PROXY, "203.0.113.9, 10.1.2.3", "203.0.113.9"),
        (PROXY, "203.0.113.9, 10.1.2.3, 127.0.0.1", "203.0.113.9"),
        (PROXY, "6.6.6.6,203.0.113.9,10.1.2.3", "203.0.113.9"),
        (PROXY, "10.1.2.3, 10.4.5.6", "10.1.2.3"),
        (PROXY, "  203.0.113.9\t", "203.0.113.9"),
        (PROXY, "203.0.113.9:4242", "203.0.113.9"),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        (PROXY, "[2001:db8::7]", "2001:db8::7"),
        (PROXY, "[2001:DB8:0::7]:443", "2001:db8::7"),
        (PROXY, "::ffff:203.0.113.9", "203.0.113.9"),
        (PROXY, "[::ffff:10.1.2.3]:80", "10.1.2.3"),
        (PROXY, "fe80::1%eth0", "fe80::1"),
        (PROXY, "unknown", "127.0.0.1"),
        (PROXY, "203.0.113.9, unknown", "127.0.0.1"),
        (PROXY, "203.0.113.9, ", "127.0.0.1"),
        (PROXY, "203.0.113.9, , 10.1.2.3", "10.1.2.3"),
        (PROXY, "for=203.0.113.9", "127.0.0.1"),
        (PROXY, "203.0.113.999", "127.0.0.1"),
        (PROXY, "0xcb007109", "127.0.0.1"),
        (PROXY, "203.0.113.9; DROP TABLE sessions", "127.0.0.1"),
        (PROXY, "6.6.6.6, " * 5000 + "203.0.113.9", "203.0.113.9"),
        (PROXY, "6.6.6.6, " + "10.1.2.3, " * 5000 + "10.1.2.3", "10.1.2.3"),
        (PROXY, "9" * 60000, "127.0.0.1"),
        (STRANGER, "203.0.113.9", "198.51.100.5"),
        (STRANGER, "127.0.0.1", "198.51.100.5"),
        (STRANGER, "6.6.6.6, 198.51.100.5:40000", "198.51.100.5"),
        (STRANGER, "198.51.100.5:40000, 6.6.6.6", "198.51.100.5"),
        (("::ffff:198.51.100.5", 40000), "203.0.113.9", "198.51.100.5"),
        (("::ffff:10.1.2.3", 40000), "203.0.113.9", "203.0.113.9"),
        (("::1", 40000), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.2", 40000), "203.0.113.9", "127.0.0.2"),
        (None, "203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_first_untrusted_hop_from_the_right_is_the_client(
    peer: tuple[str, int] | None, header: str, expected: str
) -> None:
    """Each hop is believed only while those behind it are trusted; what is not an address ends the walk."""
    assert str(find_address(peer, header, NETWORKS)) == expected


def test_what_uvicorn_puts_in_the_peer_s_place_is_not_believed() -> None:
    """With no proxy trusted, a forwarded address counts for nothing, also when it names a port to look like a peer."""
    for header, peer in (
        ("203.0.113.9", ("203.0.113.9", 0)),
        ("203.0.113.9:4242", ("203.0.113.9", 4242)),
        ("203.0.113.9:4_242", ("203.0.113.9", 4242)),
        ("[2001:db8::7]:4242", ("2001:db8::7", 4242)),
        ("203.0.113.9:4242, 127.0.0.1", ("203.0.113.9", 4242)),
    ):
        assert str(find_address(peer, header, [], ("127.0.0.1", 8000))) == "127.0.0.1", header


@pytest.mark.asvs("4.1.3")
@pytest.mark.parametrize("trusted", [NETWORKS, NETWORKS[2:], []], ids=["this machine", "another one", "none"])
@pytest.mark.parametrize("server", [("192.0.2.1", 8000), ("2001:db8::1", 8000), None])
@pytest.mark.parametrize("tail", ["", ", 127.0.0.1", ", 127.0.0.1" * 50, ", 127.0.0.1" * 1000])
def test_nobody_claims_to_have_been_forwarded(trusted: Any, server: tuple[str, int] | None, tail: str) -> None:
    """A caller who names its own address and port, as if uvicorn had read them there, does not become this machine."""
    header = f"127.0.0.1, 198.51.100.5:40000{tail}"

    assert str(find_address(STRANGER, header, trusted, server)) == "198.51.100.5"


@pytest.mark.parametrize(
    "text", ["", " ", "a", "1.2.3", "1.2.3.4.5", "[", "[]", "[]:", "]", ":", "1:2", "%", "[1.2.3.4", "é"]
)
def test_what_is_no_address_is_none(text: str) -> None:
    """Nothing that a header may hold makes the parser fail."""
    assert parse_address(text) is None


FORMS: list[tuple[list[str], str]] = [
    (["203.0.113.9"], "203.0.113.9"),
    (["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
    (["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
    (["203.0.113.9", "127.0.0.1"], "203.0.113.9"),
    (["6.6.6.6 ,\t203.0.113.9"], "203.0.113.9"),
    (["203.0.113.9 :80"], "127.0.0.1"),
    (["203.0.113.9:4242"], "203.0.113.9"),
    (["[2001:db8::7]:443"], "2001:db8::7"),
    (["::ffff:203.0.113.9"], "203.0.113.9"),
    (["unknown"], "127.0.0.1"),
    (["203.0.113.9,"], "127.0.0.1"),
    (["6.6.6.6, " * 500 + "203.0.113.9"], "203.0.113.9"),
    ([""], "127.0.0.1"),
]


def seen_address(http: Any, person: Person, lines: list[str]) -> str:
    """Sign in with these header lines and return the address that the session was stored with."""
    headers = [("X-Forwarded-For", line) for line in lines]
    body = {"email": person.email, "password": person.password}
    answer = http.post("/login", json=body, headers=headers)
    headers.append(("Authorization", f"Bearer {answer.json()['access_token']}"))
    [current] = [each for each in http.get("/user/sessions", headers=headers).json() if each["current"]]
    return str(current["client_address"])


@pytest.mark.parametrize("switch", ["--proxy-headers", "--no-proxy-headers"])
def test_the_session_stores_the_visitor_s_address(start_api: StartApi, switch: str) -> None:
    """Every form of the header gives the same answer, whether uvicorn has looked at it first or not."""
    with httpx2.Client(base_url=start_api(arguments=[switch]).url) as http:
        person = register(http)
        seen = [seen_address(http, person, lines) for lines, _ in FORMS]

    assert seen == [expected for _, expected in FORMS]


@pytest.mark.parametrize("switch", ["--proxy-headers", "--no-proxy-headers"])
def test_without_trusted_proxies_no_header_counts(start_api: StartApi, switch: str) -> None:
    """Who trusts another proxy than this machine trusts no header that comes from this machine."""
    server = start_api(arguments=[switch], TRUSTED_PROXIES="192.0.2.0/24")
    with httpx2.Client(base_url=server.url) as http:
        person = register(http)
        seen = {seen_address(http, person, lines) for lines, _ in FORMS}

    assert seen == {"127.0.0.1"}


@pytest.fixture
def other_loopback() -> Iterator[str]:
    """Give a second address of this machine, which uvicorn and we trust nothing from; macOS has none."""
    try:
        with socket.create_server(("127.0.0.2", 0)):
            yield "127.0.0.2"
    except OSError:
        pytest.skip("this machine has no address 127.0.0.2")


@pytest.mark.asvs("15.3.4")
def test_a_forged_header_from_elsewhere_is_worth_nothing(start_api: StartApi, other_loopback: str) -> None:
    """A caller who is no trusted proxy is known by its own address, whatever it claims to forward."""
    server = start_api()
    transport = httpx2.HTTPTransport(local_address=other_loopback)
    with httpx2.Client(base_url=server.url, transport=transport) as http:
        person = register(http)
        seen = {seen_address(http, person, lines) for lines, _ in FORMS}

    assert seen == {other_loopback}


@pytest.mark.parametrize("switch", ["--proxy-headers", "--no-proxy-headers"])
def test_a_stranger_cannot_pose_as_this_machine(start_api: StartApi, switch: str, own_address: str) -> None:
    """From the network, with a sample secret, no header opens what answers this machine only."""
    server = start_api(arguments=["--host", "0.0.0.0", switch], JWT_SECRET_KEY="please-change-me")  # noqa: S104 for a stranger
    port = int(server.url.rpartition(":")[2])
    for tail in ("", ", 127.0.0.1", ", 127.0.0.1" * 50):
        with socket.create_connection((own_address, port), timeout=60) as connection:
            header = f"{own_address}:{connection.getsockname()[1]}{tail}"
            asked = f"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {header}\r\nConnection: close\r\n\r\n"
            connection.sendall(asked.encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 403 "), tail


@pytest.fixture
def own_address() -> str:
    """Give an address of this machine that is no loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with suppress(OSError):
            probe.connect(("192.0.2.1", 9))  # sends nothing: the kernel only chooses from where it would
        address: str = probe.getsockname()[0]
    if address == "0.0.0.0" or address.startswith("127."):  # noqa: S104 nothing is bound
        pytest.skip("this machine has no address but loopback")
    return address


def test_a_weak_secret_is_no_secret_for_a_forwarded_visitor(start_api: StartApi) -> None:
    """The seed's own command, with a sample secret, turns away visitors that a local proxy passes on."""
    server = start_api(arguments=["--proxy-headers"], JWT_SECRET_KEY="please-change-me")
    with httpx2.Client(base_url=server.url) as http:
        assert http.get("/healthz").status_code == 200
        assert http.get("/healthz", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
        assert http.get("/healthz", headers={"X-Forwarded-For": "203.0.113.9:80"}).status_code == 403


@pytest.mark.asvs("1.3.3")
def test_a_user_agent_is_stored_printable_and_short() -> None:
    """Whatever a browser calls itself, what is kept can be shown and fits its column."""
    nasty = "".join(map(chr, range(256))) * 3 + "Firefox Linux"

    assert len(clean_user_agent(nasty)) == 255
    assert clean_user_agent("a\x1b[31mb\r\nc\u202e") == "a[31mbc"
    assert clean_user_agent("") == ""
    assert set(string.printable[:95]) <= set(clean_user_agent(string.printable))


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/150.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
    ],
)
def test_a_device_is_named_in_plain_words(user_agent: str, label: str) -> None:
    """The label is one of our own words, never what the browser sent."""
    assert describe_device(user_agent) == label


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "the machine of this service"),
        ("::1", "the machine of this service"),
        *(
            (address, "a private network")
            for address in ("10.1.2.3", "172.31.0.1", "192.168.1.7", "fd00::1", "fe80::1")
        ),
        *((address, "") for address in ("203.0.113.7", "2001:db8::1", "172.32.0.1", "100.64.0.1", "8.8.8.8")),
    ],
)
def test_an_address_off_the_internet_is_named(address: str, network: str) -> None:
    """As what it is for the service; never as the reader's own, which a stranger behind a proxy would seem to be in."""
    assert describe_network(address) == network


@pytest.fixture
def registered(start_api: StartApi) -> Iterator[tuple[Any, Person]]:
    """Give a real API with somebody who has an account."""
    with httpx2.Client(base_url=start_api().url) as http:
        yield http, register(http)


def test_a_session_tells_where_it_was_last_seen(registered: tuple[Any, Person]) -> None:
    """Address and label follow the refresh, so that a person sees a token that has moved."""
    http, person = registered
    user = sign_in(http, person)
    headers = {"X-Forwarded-For": "203.0.113.77", "User-Agent": "curl/8.5.0"}
    pair = http.post("/refresh", json={"refresh_token": user.refresh_token}, headers=headers).json()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    [session] = http.get("/user/sessions", headers=headers | bearer).json()

    assert (session["client_address"], session["label"]) == ("203.0.113.77", "curl")


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize("header", ["User-Agent", "X-Forwarded-For"])
def test_no_header_fills_the_memory(api: TestClient, header: str) -> None:
    """What is remembered of a header does not grow with it."""
    api.get("/healthz")
    tracemalloc.start()
    for number in range(80):
        api.get("/healthz", headers={header: f"{number} " * 100_000})
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 6_000_000  # of 23 million bytes
