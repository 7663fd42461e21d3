"""Failed passwords: counted before they are judged, wherever they are typed, without locking anybody out."""

import itertools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.config import Settings
from app.crud import sweeping
from app.resources import Resources, make_resources
from testing.ageing import hold_pause
from testing.api import PASSWORD, MakeSettings, Person, RunSql, SignedIn, StartApi, register, sign_in
from testing.loops import finish

WRONG = "not the password"
ELSEWHERE = "203.0.113.9"
LATER = timedelta(minutes=30)
COUNTS = "SELECT count FROM attempts WHERE expires_at < :end ORDER BY count DESC"


def addresses() -> Iterator[str]:
    """Yield addresses that are all different, as a botnet's are."""
    return (f"100.64.{number // 250}.{number % 250 + 1}" for number in itertools.count())


def take(number: int) -> list[str]:
    """Return so many of them."""
    return list(itertools.islice(addresses(), number))


def run(settings: Settings, work: Any, *arguments: object) -> Any:
    """Run one transaction as the API would."""

    async def work_once(resources: Resources) -> Any:
        try:
            return await resources.database.transaction(work, *arguments)
        finally:
            resources.close()

    return finish(work_once(make_resources(settings)))


def guess(http: Any, identifier: str, password: str = WRONG, address: str = ELSEWHERE) -> Any:
    """Try to sign in from an address."""
    body = {"username": identifier, "password": password}
    return http.post("/login", json=body, headers={"X-Forwarded-For": address})


def guess_often(http: Any, identifier: str, times: int, address: str = ELSEWHERE) -> list[int]:
    """Return the statuses of so many wrong guesses."""
    return [guess(http, identifier, address=address).status_code for _ in range(times)]


def moment(ago: timedelta) -> str:
    """Write a time of the past as the database does."""
    return f"{datetime.now(UTC) - ago:%Y-%m-%d %H:%M:%S.%f}"


def let_pass(sql: RunSql, ago: timedelta) -> None:
    """Move all counters into the past."""
    sql("UPDATE attempts SET last_at = :then, window_started_at = :then", then=moment(ago))


def read_counters(sql: RunSql) -> list[int]:
    """Return all counts of guesses, the highest first; that of a registration's mail ends later than any of them."""
    return [row[0] for row in sql(COUNTS, end=moment(-LATER))]


# --- one account, one address ------------------------------------------------------------------------------------


@pytest.mark.asvs("6.3.1", "2.4.1")
def test_ten_guesses_in_five_minutes_are_judged(api: TestClient, alice: Person, sql: RunSql) -> None:
    """Five failures cost nothing, pauses follow, ten close the door for five minutes, and nobody waits for longer."""
    seen = guess_often(api, alice.email, 6)
    waits = []
    for pause in (1, 2, 4, 8):
        hold_pause(sql)
        waits.append(int(guess(api, alice.email).headers["retry-after"]))
        let_pass(sql, timedelta(seconds=pause))
        seen.append(guess(api, alice.email).status_code)
    let_pass(sql, timedelta(minutes=4))
    closed = guess(api, alice.email, PASSWORD)
    let_pass(sql, timedelta(minutes=5))

    assert (seen, waits) == ([400] * 10, [1, 2, 4, 8])
    assert (closed.status_code, closed.json()["code"]) == (429, "too_many_attempts")
    assert 55 <= int(closed.headers["retry-after"]) <= 60
    assert guess(api, alice.email, PASSWORD).status_code == 200


def test_five_failures_cost_the_owner_nothing(api: TestClient, alice: Person) -> None:
    """Who knows the password after all is let in at once."""
    assert guess_often(api, alice.email, 5) == [400] * 5
    assert guess(api, alice.email, PASSWORD).status_code == 200


def test_a_right_password_clears_the_counters(api: TestClient, alice: Person, sql: RunSql) -> None:
    """After a success the next five errors are free again."""
    guess_often(api, alice.email, 5)
    guess(api, alice.email, PASSWORD)

    assert read_counters(sql) == []
    assert guess_often(api, alice.email, 5) == [400] * 5


def test_a_refused_guess_counts_for_nothing(api: TestClient, alice: Person, sql: RunSql) -> None:
    """Impatience makes nobody wait longer."""
    guess_often(api, alice.email, 6)
    hold_pause(sql)
    before = sql("SELECT key_hash, count, last_at, expires_at FROM attempts ORDER BY key_hash")
    statuses = guess_often(api, alice.email, 3)

    assert statuses == [429] * 3
    assert sql("SELECT key_hash, count, last_at, expires_at FROM attempts ORDER BY key_hash") == before


def test_a_guess_that_is_shed_counts_for_nothing(api: TestClient, alice: Person, sql: RunSql) -> None:
    """A place in the hash queue comes first, so invented accounts make no rows while the queue is full."""
    hashes = api.app.state.resources.hashes  # type: ignore[attr-defined]  # Starlette's
    hashes.waiting = 100_000
    answers = [guess(api, name) for name in (alice.email, "nobody@example.com")]
    hashes.waiting = 0

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(503, "busy")] * 2
    assert read_counters(sql) == []


@pytest.mark.parametrize("spelling", ["ALICE@example.com", " alice@example.com ", "alice", "ALICE", " Alice\u00a0"])
def test_spellings_share_a_counter(api: TestClient, alice: Person, sql: RunSql, spelling: str) -> None:
    """Letter case, blanks, and email or username make no second account."""
    guess_often(api, alice.email, 6)
    hold_pause(sql)

    assert guess(api, spelling).status_code == 429


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        ("nobody@example.com", ["NOBODY@example.com", " nobody@Example.com "]),
        ("nobody", ["NoBody", " nobody "]),
        ("no body!", ["NO BODY!", " no body! ", "no\u00a0body!"]),  # what no account can be called
    ],
)
def test_accounts_that_do_not_exist_are_counted_alike(
    api: TestClient, sql: RunSql, name: str, variants: list[str]
) -> None:
    """The counters tell nobody which accounts there are."""
    register(api)
    judged = [guess_often(api, typed, 6) for typed in ("alice", name)]
    hold_pause(sql)
    known, unknown = ([guess(api, typed) for _ in range(2)] for typed in ("alice", name))

    assert judged == [[400] * 6] * 2
    assert [(a.status_code, a.headers["retry-after"]) for a in known + unknown] == [(429, "1")] * 4
    assert [guess(api, variant).status_code for variant in variants] == [429] * len(variants)


@pytest.mark.parametrize("same", ["2001:db8::2", "2001:DB8:0:0:1:2:3:4", "[2001:db8::3]:443"])
def test_ipv6_counts_by_the_network(api: TestClient, alice: Person, sql: RunSql, same: str) -> None:
    """Who has 2^64 addresses has one counter."""
    guess_often(api, alice.email, 6, "2001:db8::1")
    hold_pause(sql)

    assert guess(api, alice.email, address=same).status_code == 429
    assert guess(api, alice.email, address="2001:db8:0:1::1").status_code == 400


@pytest.mark.asvs("14.2.4")
def test_counters_tell_nothing(api: TestClient, alice: Person, sql: RunSql) -> None:
    """A dump shows neither who was attacked nor from where."""
    guess(api, alice.email)
    guess(api, "nobody@example.com")
    sign_in(api, alice)
    rows = sql("SELECT key_hash FROM attempts") + sql("SELECT address_hash FROM known_addresses")

    assert [len(row[0]) for row in rows] == [32] * len(rows)
    assert not any(word in bytes(row[0]) for row in rows for word in (b"alice", b"nobody", b"127.0", b"203.0"))


def test_a_new_password_starts_new_counters(api: TestClient, user: SignedIn, sql: RunSql) -> None:
    """Who has reset or changed the password need not wait for what strangers did before."""
    guess_often(api, "alice", 6)
    hold_pause(sql)
    refused = guess(api, "alice")
    user.call("PUT", "/user/update", {"current_password": PASSWORD, "new_password": "red herons at dusk"})

    assert refused.status_code == 429
    assert guess(api, "alice", "red herons at dusk").status_code == 200


# --- one account, from everywhere --------------------------------------------------------------------------------


@pytest.mark.asvs("6.1.1", "6.3.1")
def test_a_botnet_is_stopped_and_the_owner_is_not(api: TestClient, alice: Person, sql: RunSql) -> None:
    """Thirty guesses from everywhere are judged; where the owner signed in before, only their own errors count."""
    sign_in(api, alice)
    judged = Counter(guess(api, alice.email, address=address).status_code for address in take(60))
    stranger = guess(api, alice.email, PASSWORD, address=ELSEWHERE)

    assert judged == {400: 30, 429: 30}
    assert stranger.status_code == 429
    assert 295 <= int(stranger.headers["retry-after"]) <= 300
    assert sign_in(api, alice).get("/user/profile").status_code == 200


def test_letter_case_is_no_way_around(api: TestClient, alice: Person) -> None:
    """Sixty tries from sixty addresses, each spelt anew, meet the account's limit."""
    spellings = ["".join(c.upper() if n >> i & 1 else c for i, c in enumerate("alice")) for n in range(32)]
    seen = [
        guess(api, spelling, address=address).status_code
        for spelling, address in zip(spellings * 2, take(60), strict=False)
    ]

    assert Counter(seen) == {400: 30, 429: 30}


def test_the_owner_gets_in_from_elsewhere_while_one_address_attacks(api: TestClient, alice: Person) -> None:
    """One attacker cannot close the account for other addresses."""
    guess_often(api, alice.email, 40, "198.51.100.1")

    assert guess(api, alice.email, PASSWORD).status_code == 200


def test_a_known_address_has_its_own_limit(api: TestClient, alice: Person, sql: RunSql) -> None:
    """Where the owner signed in, somebody at their keyboard is throttled all the same."""
    guess(api, alice.email, PASSWORD)
    guess_often(api, alice.email, 6)
    hold_pause(sql)

    assert guess(api, alice.email).status_code == 429


def test_addresses_are_forgotten(api: TestClient, alice: Person, sql: RunSql) -> None:
    """An account keeps its twenty latest addresses, and none for longer than 90 days."""
    for address in take(25):
        assert guess(api, alice.email, PASSWORD, address=address).status_code == 200
    kept = sql("SELECT COUNT(*) FROM known_addresses")[0][0]
    sql("UPDATE known_addresses SET last_used_at = :then", then=moment(timedelta(days=91)))
    for address in (f"198.51.100.{number}" for number in range(1, 31)):
        guess(api, alice.email, address=address)

    assert kept == 20
    assert guess(api, alice.email, PASSWORD, address="100.64.0.25").status_code == 429


def test_counters_are_swept_when_their_window_is_over(settings: Settings, api: TestClient, sql: RunSql) -> None:
    """Sweeping leaves those that still count."""
    guess(api, "somebody")
    sql("UPDATE attempts SET expires_at = :then", then=moment(timedelta(minutes=1)))
    guess(api, "nobody")

    assert run(settings, sweeping.delete_expired, next(e for e in sweeping.EXPIRIES if e.table == "attempts")) == (
        4,
        None,
    )
    assert read_counters(sql) == [1, 1]


# --- the current password ----------------------------------------------------------------------------------------

PROOF = {"current_password": WRONG}


@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize(
    "asked",
    [
        ("POST", "/reauthenticate", PROOF),
        ("PUT", "/user/update", PROOF | {"new_email": "alice@example.org"}),
        ("DELETE", "/user/delete", PROOF | {"confirm": True}),
        ("POST", "/user/delete", PROOF | {"confirm": True}),
        ("POST", "/totp/enable/start", PROOF),
    ],
)
def test_a_stolen_token_is_no_oracle(
    api: TestClient, user: SignedIn, sql: RunSql, asked: tuple[str, str, object]
) -> None:
    """The current password is guessed at under the same counters as at the login."""
    judged = [user.call(*asked).status_code for _ in range(6)]
    hold_pause(sql)
    refused = user.call(*asked)

    assert judged == [400] * 6
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert refused.headers["retry-after"] == "1"
    assert guess(api, "alice", PASSWORD, address="127.0.0.1").status_code == 429


# --- measurements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings_changes", [{"rate_limits_enabled": False}])
def test_measurements_count_and_refuse_nothing(api: TestClient, alice: Person, sql: RunSql) -> None:
    """With the limits off, a guess costs what it costs otherwise."""
    assert guess_often(api, alice.email, 40) == [400] * 40
    assert read_counters(sql) == [40, 40]


def test_production_refuses_to_run_without_limits(make_settings: MakeSettings) -> None:
    """The switch for measurements cannot be forgotten."""
    with pytest.raises(ValueError, match="RATE_LIMITS_ENABLED"):
        make_settings("sqlite:///x.sqlite3", environment="production", rate_limits_enabled=False)


# --- at once, on real processes ----------------------------------------------------------------------------------


@pytest.mark.asvs("6.3.1", "2.3.4")
@pytest.mark.parametrize("workers", [1, 4])
def test_a_burst_does_not_outrun_the_count(start_api: StartApi, workers: int) -> None:
    """Forty guesses at once from one address, and 120 from as many: each limit holds, whichever process answers."""
    server = start_api(workers=workers)
    with httpx2.Client(base_url=server.url, timeout=60, limits=httpx2.Limits(max_connections=40)) as http:
        register(http)
        with ThreadPoolExecutor(40) as threads:
            here = Counter(threads.map(lambda _: guess(http, "alice").status_code, range(40)))
            there = Counter(threads.map(lambda a: guess(http, "alice", address=a).status_code, take(120)))

    assert set(here) | set(there) <= {400, 429}
    assert here[400] <= 10
    assert here[400] + there[400] == 30


def test_right_passwords_at_once_are_all_right(start_api: StartApi) -> None:
    """Counting before judging refuses nobody who knows the password, where six hashes at most are made at a time."""
    server = start_api(workers=4, HASH_THREADS="1")
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        register(http)
        with ThreadPoolExecutor(24) as threads:
            answers = list(threads.map(lambda _: guess(http, "alice", PASSWORD).status_code, range(24)))

    assert answers == [200] * 24
