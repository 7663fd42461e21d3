"""A replica whose clock is five minutes off, beside one whose clock is right: nobody who moves between them notices."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import httpx2
import pytest

from app.config import Settings
from testing.ageing import age, ending_in
from testing.api import RunSql, SignedIn, StartApi, enable_totp, register, sign_in
from testing.mariadb import empty_tables
from testing.serve import AHEAD

OFF = 300  # seconds
BOTH_WAYS = pytest.mark.parametrize("ahead", [OFF, -OFF], ids=["ahead", "behind"], indirect=True)


class Replicas(NamedTuple):
    """Clients of the two."""

    right: httpx2.Client
    off: httpx2.Client


@pytest.fixture
def migrated_url(migrated_mariadb: str) -> str:
    """Use MariaDB: with SQLite there is but one machine, and one clock."""
    empty_tables(migrated_mariadb)
    return migrated_mariadb


@pytest.fixture
def ahead(request: pytest.FixtureRequest) -> int:
    """Give by how many seconds the one is ahead."""
    return int(request.param)


@pytest.fixture
def replicas(start_api: StartApi, settings: Settings, ahead: int) -> Iterator[Replicas]:
    """Give two processes with one key, and different clocks."""
    key = settings.jwt_secret_key.get_secret_value()
    urls = [start_api(JWT_SECRET_KEY=key, **{AHEAD: str(seconds)}).url for seconds in (0, ahead)]
    with ExitStack() as stack:
        yield Replicas(*(stack.enter_context(httpx2.Client(base_url=url, timeout=60)) for url in urls))


@BOTH_WAYS
def test_people_move_between_them(replicas: Replicas) -> None:
    """Tokens of either are taken by the other, and a session that is refreshed here and there goes on."""
    user = sign_in(replicas.off, register(replicas.right))
    seen = []
    for http in (*replicas, *replicas):
        user.http = http
        seen += [user.get("/user/profile").status_code, user.refresh().status_code]
    user.http = replicas.right

    assert seen == [200] * 8
    assert user.post("/logout").status_code == 200
    assert [read(http, user) for http in replicas] == ["session_ended"] * 2


@BOTH_WAYS
@pytest.mark.asvs("6.5.8")
def test_codes_are_judged_by_the_clock_of_the_database(replicas: Replicas) -> None:
    """A code is as good at one as at the other, and good once."""
    user = enable_totp(sign_in(replicas.right, register(replicas.right)))
    body = {"email": user.person.email, "password": user.person.password, "totp": user.code()}
    answers = [http.post("/login", json=body) for http in reversed(replicas)]

    assert [answer.status_code for answer in answers] == [200, 400]


@BOTH_WAYS
@pytest.mark.asvs("9.2.1")
def test_an_access_token_ends_by_the_clock_of_who_reads_it(replicas: Replicas, settings: Settings, ahead: int) -> None:
    """It lives longer or shorter there by the difference and no more; a refresh gives one that is good at both."""
    user = sign_in(replicas.right, register(replicas.right))
    token = user.access_token
    ends = (OFF + 60, OFF - 60, 60 - OFF, -60 - OFF)
    seen = []
    for seconds in ends:
        user.access_token = ending_in(settings, token, seconds)
        seen.append([read(http, user) for http in replicas])

    assert [right for right, _ in seen] == ["", "", "token_expired", "token_expired"]
    assert [off for _, off in seen] == [""] * (1 if ahead > 0 else 3) + ["token_expired"] * (3 if ahead > 0 else 1)
    assert user.refresh().status_code == 200
    assert [read(http, user) for http in replicas] == ["", ""]


@BOTH_WAYS
def test_a_session_ends_by_the_clock_of_the_database(replicas: Replicas, sql: RunSql) -> None:
    """What is over is over at both, and what is not, at neither."""
    user = sign_in(replicas.off, register(replicas.right))
    day = 86_400
    age(sql, "expires_at", day - OFF / 2)
    before = [read(http, user) for http in replicas]
    age(sql, "expires_at", OFF)

    assert before == ["", ""]
    assert [read(http, user) for http in replicas] == ["session_ended"] * 2


def read(http: httpx2.Client, user: SignedIn) -> str:
    """Read the profile at one of them, and return why not, or nothing."""
    answer = http.get("/user/profile", headers={"Authorization": f"Bearer {user.access_token}"})
    return str(answer.json().get("code", ""))
