"""People with passkeys: registering one, signing in with it, proving it again."""

from typing import Any

import httpx2
import pytest

from testing.api import SignedIn
from testing.authenticator import Authenticator, Json


@pytest.fixture
def phone() -> Authenticator:
    """Give an authenticator whose keys are synced and verify their owner."""
    return Authenticator()


@pytest.fixture
def security_key() -> Authenticator:
    """Give an authenticator that verifies nobody, counts, and keeps its keys to itself."""
    return Authenticator(synced=False, verifies=False, counts=True)


@pytest.fixture
def user_with_passkey(user: SignedIn, phone: Authenticator) -> SignedIn:
    """Give somebody signed in whose phone has a passkey, and no other second factor."""
    user.recovery_codes = add_passkey(user, phone)["recovery_codes"]
    return user


def begin_registration(user: SignedIn) -> Json:
    """Ask for the options of a new passkey."""
    answer = user.post("/passkeys/registration")
    assert answer.status_code == httpx2.codes.OK, answer.text
    return dict(answer.json())


def finish_registration(user: SignedIn, began: Json, credential: Json, name: str = "My phone") -> Any:
    """Send a new credential."""
    return user.post("/passkeys", {"ceremony": began["ceremony"], "credential": credential, "name": name})


def add_passkey(user: SignedIn, device: Authenticator, name: str = "My phone") -> Json:
    """Add a passkey of a device."""
    began = begin_registration(user)
    answer = finish_registration(user, began, device.create(began["options"]), name)
    assert answer.status_code == httpx2.codes.CREATED, answer.text
    return dict(answer.json())


def begin_login(http: Any, login_token: str | None = None) -> Json:
    """Ask for the challenge of a sign-in, alone or after the password."""
    answer = http.post("/login/passkey/start", json={"login_token": login_token} if login_token else {})
    assert answer.status_code == httpx2.codes.OK, answer.text
    return dict(answer.json())


def finish_login(http: Any, began: Json, credential: Json, **more: object) -> Any:
    """Answer it."""
    return http.post("/login/passkey", json={"ceremony": began["ceremony"], "credential": credential, **more})


def log_in_by_passkey(http: Any, device: Authenticator, **wrong: Any) -> Any:
    """Sign in without a username."""
    began = begin_login(http)
    return finish_login(http, began, device.get(began["options"], **wrong))


def take_first_step(user: SignedIn, http: Any) -> Json:
    """Give the password, and return the refusal that asks for more."""
    answer = http.post("/login", json={"email": user.person.email, "password": user.person.password})
    assert answer.status_code == httpx2.codes.BAD_REQUEST, answer.text
    return dict(answer.json())


def prove_by_passkey(user: SignedIn, device: Authenticator, *, with_password: bool = False) -> Json:
    """Answer a challenge of this session, for any body that takes a proof."""
    answer = user.post("/reauthenticate/passkey/start", {"with_password": with_password})
    assert answer.status_code == httpx2.codes.OK, answer.text
    began = answer.json()
    return {"ceremony": began["ceremony"], "credential": device.get(began["options"])}
