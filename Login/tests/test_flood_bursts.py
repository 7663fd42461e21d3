"""Floods of wrong passwords at once: counted before they are judged, for an address and for the networks around it."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from app.clients.addresses import list_networks
from testing.api import PASSWORD, StartApi, register
from testing.processes import Server
from testing.redis import RedisControl
from testing.serve import PATIENCE

HERE = "203.0.113.9"
ONE_HOUSEHOLD = [f"2001:db8:7:{number:x}::1" for number in range(8)]
ONE_PROVIDER = [f"2001:db8:7:{number:x}00::1" for number in range(8)]


def log_in(http: httpx2.Client, name: str, password: str, address: str) -> int:
    """Try to sign in, and return the status."""
    body = {"username": name, "password": password}
    return http.post("/login", json=body, headers={"X-Forwarded-For": address}).status_code


def storm(server: Server, addresses: Sequence[str]) -> Counter[int]:
    """Try one wrong password at as many names as there are addresses, up to sixty at once."""
    limits = httpx2.Limits(max_connections=60)
    with (
        httpx2.Client(base_url=server.url, timeout=120, limits=limits) as http,
        ThreadPoolExecutor(60) as threads,
    ):
        tries = [(f"person{number}", address) for number, address in enumerate(addresses)]
        return Counter(threads.map(lambda each: log_in(http, each[0], PASSWORD, each[1]), tries))


@pytest.mark.asvs("6.3.1", "2.3.4")
def test_sixty_names_at_once_from_one_address(start_api: StartApi) -> None:
    """Thirty wrong passwords are judged, as if they had come one by one; others are served all the while."""
    server = start_api(HASH_THREADS="1", ARGON2_MEMORY_KIB="8192")

    assert storm(server, [HERE] * 60) == {400: 30, 429: 30}
    assert storm(server, ["198.51.100.1"]) == {400: 1}


def test_redis_counts_first_too(start_api: StartApi, redis_control: RedisControl) -> None:
    """With two processes that share their counts, it is thirty in all."""
    server = start_api(2, RATE_LIMIT_STORAGE_URI=redis_control.url, **{PATIENCE: "60"})

    assert storm(server, [HERE] * 60) == {400: 30, 429: 30}


@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize(("addresses", "judged"), [(ONE_HOUSEHOLD, 60), (ONE_PROVIDER, 120)], ids=["/56", "/48"])
def test_one_subscriber_with_many_networks(start_api: StartApi, addresses: list[str], judged: int) -> None:
    """Eight /64, thirty names at each: twice as many are judged as for one address in a /56, four times in a /48."""
    seen = storm(start_api(), addresses * 30)

    assert seen == {400: judged, 429: 240 - judged}


def test_an_office_signs_in_at_once(start_api: StartApi) -> None:
    """Fifty right passwords in the same instant are all let in: what is not yet judged is not yet wrong."""
    server = start_api(HASH_THREADS="1")
    with httpx2.Client(base_url=server.url, timeout=120, limits=httpx2.Limits(max_connections=50)) as http:
        register(http)
        with ThreadPoolExecutor(50) as threads:
            seen = Counter(threads.map(lambda _: log_in(http, "alice", PASSWORD, HERE), range(50)))

    assert seen == {200: 50}


def test_a_right_password_gives_no_failure_back(start_api: StartApi) -> None:
    """Own sign-ins between the guesses buy nobody more of them."""
    with httpx2.Client(base_url=start_api().url, timeout=60) as http:
        register(http)
        seen = Counter[int]()
        for number in range(35):
            seen[log_in(http, f"person{number}", PASSWORD, HERE)] += 1
            if number % 2:
                log_in(http, "alice", PASSWORD, HERE)

    assert seen == {400: 30, 429: 5}


def test_networks_around_an_address() -> None:
    """IPv4 addresses are scarce, so each counts alone."""
    assert list_networks("2001:db8:7:1234::5") == ("2001:db8:7:1234::/64", "2001:db8:7:1200::/56", "2001:db8:7::/48")
    assert list_networks(HERE) == (HERE,)
