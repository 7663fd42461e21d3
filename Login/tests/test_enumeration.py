"""Times tell nobody who has an account: the server does the same work for everybody.

Compared is the work itself: what is written and committed, and the processor time, of which a hash is the most. Elapsed
time would say more about what else the machine is doing.
"""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.api import PASSWORD, Person, RunSql, register, sign_in
from testing.work import Work, watching

Ask = Callable[[str], Any]

STRANGERS = [f"somebody-{number}@example.com" for number in range(6)]
COSTLY = {"rate_limits_enabled": False, "argon2_memory_kib": 16384, "argon2_time_cost": 4}  # most of a request's work
HIDING = {**COSTLY, "prevent_enumeration": True}

pytestmark = pytest.mark.asvs("6.3.8")


def measure(ask: Ask, email: str, status: int) -> Work:
    """Let one request run and return what it cost."""
    with watching() as work:
        answer = ask(email)
    assert answer.status_code == status, answer.text
    return work


def assert_alike(ask: Ask, known: str, status: int) -> None:
    """Compare requests about an account with requests about nobody's, in turn.

    Each pair writes the same to as many transactions. Processor time has outliers, so it counts only if it differs in
    all pairs, in one direction and by a fourth: a hash left out or done twice is much more than that.
    """
    measure(ask, known, status), measure(ask, "warm-up@example.com", status)  # caches of statements and the like
    pairs = [(measure(ask, known, status), measure(ask, email, status)) for email in STRANGERS]
    for there, nobody in pairs:
        assert (there.commits, there.writes) == (nobody.commits, nobody.writes)
        assert abs(len(there.statements) - len(nobody.statements)) <= 1, (there, nobody)
    ratios = sorted(there.seconds / nobody.seconds for there, nobody in pairs)
    assert ratios[0] < 1.25, ratios
    assert ratios[-1] > 1 / 1.25, ratios


@pytest.mark.parametrize("settings_changes", [COSTLY])
def test_signing_in(api: TestClient, alice: Person) -> None:
    """A wrong password is hashed and counted for everybody, also for nobody."""
    assert_alike(lambda email: api.post("/login", json={"email": email, "password": "wrong"}), alice.email, 400)


@pytest.mark.parametrize("settings_changes", [COSTLY])
def test_asking_for_a_new_password(api: TestClient, alice: Person) -> None:
    """One note is left for the mail worker, whoever it is about."""
    assert_alike(lambda email: api.post("/password/reset", json={"email": email}), alice.email, 200)


@pytest.mark.parametrize("settings_changes", [HIDING])
def test_registering(api: TestClient, alice: Person) -> None:
    """The password is hashed, and one note left, for a taken address and for a free one; also the tenth time."""
    assert_alike(lambda email: api.post("/register", json={"email": email, "password": PASSWORD}), alice.email, 200)


@pytest.mark.parametrize("settings_changes", [HIDING])
def test_moving_to_another_address(api: TestClient, alice: Person, sql: RunSql) -> None:
    """Somebody signed in finds out nothing either."""
    bob = register(api, "bob")
    sql("UPDATE users SET email_verified_at = created_at")
    user = sign_in(api, bob)

    def ask(email: str) -> Any:
        return user.call("PUT", "/user/update", {"new_email": email, "current_password": PASSWORD})

    assert_alike(ask, alice.email, 200)
