"""The moment a second factor goes on: what the password alone had proved until then counts no more."""

import asyncio

import pytest

from app.clients.addresses import Client
from app.errors import ApiError, TotpRequired
from app.resources import Resources, make_resources
from app.schemas import LoginRequest
from app.services.logins import log_in
from testing.api import PASSWORD, MakeSettings, Person, RunSql, SignedIn, enable_totp
from testing.loops import finish

HERE = Client("127.0.0.1", "")


@pytest.mark.asvs("7.5.1", "6.3.3")
def test_other_sessions_are_no_longer_fresh(user: SignedIn, other_device: SignedIn) -> None:
    """Whoever got in by the password alone a minute ago neither strips the factor nor takes the recovery codes."""
    enable_totp(user)
    refused = [other_device.post(path).json()["code"] for path in ("/totp/disable", "/totp/recovery-codes")]

    assert refused == ["reauthentication_required"] * 2
    assert other_device.get("/user/profile").status_code == 200
    assert user.post("/totp/recovery-codes").status_code == 200


async def _switch_on_during(resources: Resources, sql: RunSql, body: LoginRequest) -> ApiError:
    """Sign in by the password, and have the factor switched on while it waits for its hash."""
    async with resources.hashes.place():
        login = asyncio.create_task(log_in(resources, body, HERE))
        while resources.hashes.waiting < 2:  # noqa: ASYNC110 the pool rings no bell
            await asyncio.sleep(0.01)
        sql("UPDATE users SET totp_secret = 'one that was confirmed meanwhile'")
    with pytest.raises(ApiError) as refusal:
        await login
    return refusal.value


@pytest.mark.asvs("6.3.3", "2.3.4")
def test_a_login_under_way_is_asked_for_the_code(
    make_settings: MakeSettings, migrated_url: str, alice: Person, sql: RunSql
) -> None:
    """A password that was being checked when the factor went on opens no session by itself."""
    resources = make_resources(make_settings(migrated_url, hash_threads=1))
    body = LoginRequest.model_validate({"email": alice.email, "password": PASSWORD})
    refusal = finish(_switch_on_during(resources, sql, body))
    resources.close()

    assert isinstance(refusal, TotpRequired)
    assert refusal.extra["login_token"]
    assert sql("SELECT sid FROM sessions") == []
