"""How long a token may live: never longer than today's settings say, and shorter settings sign nobody out at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.main import create_app
from testing.api import MakeSettings, SignedIn, register, sign_in

Restart = Callable[..., TestClient]

KEY = SecretStr("b5tnRkWq-8mYzJd2LxHvC7sPgEa0UuFo")


@pytest.fixture
def settings_changes() -> dict[str, Any]:
    """Sign with a key that a second API can have too."""
    return {"jwt_secret_key": KEY}


@pytest.fixture
def restart(make_settings: MakeSettings, migrated_url: str) -> Iterator[Restart]:
    """Give a function that gives the same API after a restart with other settings."""
    with ExitStack() as running:
        yield lambda **changes: running.enter_context(
            TestClient(create_app(make_settings(migrated_url, jwt_secret_key=KEY, **changes)))
        )


@pytest.mark.asvs("9.2.1")
def test_a_shorter_access_token_is_fetched_by_a_refresh(user: SignedIn, restart: Restart) -> None:
    """A token from before is answered as expired at once, which every client knows how to mend."""
    user.http = restart(jwt_access_token_expire_minutes=29)
    before = user.get("/user/profile").json()["code"]

    assert (before, user.refresh().status_code, user.get("/user/profile").status_code) == ("token_expired", 200, 200)


@pytest.mark.asvs("7.3.2", "9.2.1")
def test_a_refresh_token_that_outlives_the_settings_ends(api: TestClient, restart: Restart) -> None:
    """Whoever was remembered for longer than is allowed now signs in again; the others go on."""
    person = register(api)
    remembered, other = sign_in(api, person, remember_me=True), sign_in(api, person)
    remembered.http = other.http = restart(remember_me_days=7)

    assert remembered.refresh().json()["code"] == "token_expired"
    assert other.refresh().status_code == 200


@pytest.mark.parametrize("changes", [{"jwt_access_token_expire_minutes": 0.51}, {"remember_me_days": 3 * 365}])
def test_own_tokens_are_within_their_settings(restart: Restart, changes: dict[str, Any]) -> None:
    """Also where a lifetime is no whole number of seconds, or is long."""
    http = restart(**changes)
    user = sign_in(http, register(http), remember_me=True)

    assert (user.get("/user/profile").status_code, user.refresh().status_code) == (200, 200)
