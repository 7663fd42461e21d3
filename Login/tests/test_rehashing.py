"""Stored hashes follow the settings: a right password is hashed anew when today's costs are others."""

import asyncio

import pytest
from starlette.testclient import TestClient

from app.auth import PasswordHasher
from app.clients.addresses import Client
from app.resources import Resources, make_resources
from app.schemas import LoginRequest
from app.services.logins import log_in
from testing.api import PASSWORD, MakeSettings, Person, RunSql, SignedIn
from testing.loops import finish

OLD_COSTS, NEW_COSTS = "t=2,p=1$", "t=1,p=1$"


def make_hash_old(sql: RunSql) -> None:
    """Store the password as it was hashed when other costs were configured."""
    hashed = PasswordHasher(time_cost=2, memory_kib=8, parallelism=1).hash(PASSWORD)
    sql("UPDATE users SET password_hash = :hashed", hashed=hashed)


def stored(sql: RunSql) -> str:
    """Read the stored hash."""
    return str(sql("SELECT password_hash FROM users")[0][0])


@pytest.mark.asvs("11.4.2")
def test_the_first_of_two_steps_renews_the_hash(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """Only that step has the password; the second one then signs in as always."""
    make_hash_old(sql)
    person = user_with_totp.person
    first = api.post("/login", json={"email": person.email, "password": PASSWORD})
    renewed = stored(sql)
    second = api.post("/login", json={"login_token": first.json()["login_token"], "totp": user_with_totp.code()})

    assert NEW_COSTS in renewed
    assert second.status_code == 200
    assert stored(sql) == renewed


def test_a_wrong_password_renews_nothing(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """Nobody but its owner replaces a hash."""
    make_hash_old(sql)
    api.post("/login", json={"email": user_with_totp.person.email, "password": "not the password"})

    assert OLD_COSTS in stored(sql)


async def _log_in_twice(resources: Resources, body: LoginRequest) -> int:
    here = Client("127.0.0.1", "")
    return len(await asyncio.gather(*(log_in(resources, body, here) for _ in range(2))))


def test_two_logins_at_once_may_both_renew_it(
    make_settings: MakeSettings, migrated_url: str, alice: Person, sql: RunSql
) -> None:
    """The second is not refused because the first replaced the hash that it was checked against."""
    make_hash_old(sql)
    resources = make_resources(make_settings(migrated_url, hash_threads=2))
    body = LoginRequest.model_validate({"email": alice.email, "password": PASSWORD})
    signed_in = finish(_log_in_twice(resources, body))
    resources.close()

    assert signed_in == 2
    assert NEW_COSTS in stored(sql)
