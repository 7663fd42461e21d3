"""Addresses of private networks: refused with the reason, and taken where the operator says that mail gets there."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.config import ConfigurationError, load_settings
from testing.api import PASSWORD, SignedIn
from testing.mail import Mailbox

PRIVATE = ["bob@pc.local", "bob@mail.CORP.local", "bob@home.arpa", "bob@example.test", "bob@x.invalid", "bob@y.onion"]


def register(api: TestClient, email: str) -> Any:
    """Ask for an account of this address."""
    return api.post("/register", json={"email": email, "password": PASSWORD})


@pytest.mark.parametrize("email", PRIVATE)
def test_a_private_domain_is_refused_with_its_reason(api: TestClient, user: SignedIn, email: str) -> None:
    """It is a good address that no mail from here would reach: that is said, at sign-up and at a change."""
    change = {"new_email": email, "current_password": PASSWORD}
    for answer in (register(api, email), user.call("PUT", "/user/update", change)):
        assert (answer.status_code, answer.json()["code"]) == (400, "email_domain_private")
        assert ".local, .test and home.arpa" in answer.json()["detail"]


@pytest.mark.parametrize(
    "email", ["bob@localhost", "bob@local", "bob@intranet", "bob@host.123", "bob@.local", "b b@x.local"]
)
def test_what_is_no_address_stays_none(api: TestClient, email: str) -> None:
    """A name without a dot, or that breaks a rule anywhere, is refused as before."""
    assert register(api, email).status_code == 422


@pytest.mark.parametrize("settings_changes", [{"private_email_domains": ["corp.local", "home.arpa"]}])
def test_an_intranet_may_name_its_domains(api: TestClient, mailbox: Mailbox) -> None:
    """Addresses at and under them sign up, get their mail and sign in; all others stay refused."""
    for email in ("ann@corp.local", "ann@mail.CORP.local", "ann@home.arpa"):
        assert register(api, email).status_code == 200
        assert mailbox.kinds(email.lower()) or mailbox.kinds(email)
        assert api.post("/login", json={"email": email, "password": PASSWORD}).status_code == 200
    for email in ("ann@acmecorp.local", "ann@pc.local", "ann@corp.local.test"):
        assert register(api, email).json()["code"] == "email_domain_private"


def test_the_list_is_of_domains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Capitals and comments do not matter; what is no domain stops the start."""
    known = {"database_url": "sqlite:///x.sqlite3", "jwt_secret_key": "k" * 40}
    monkeypatch.setenv("PRIVATE_EMAIL_DOMAINS", "corp.local, Home.arpa # ours")

    assert load_settings(**known).private_email_domains == ["corp.local", "home.arpa"]
    for wrong in (".local", "a@corp.local", "*"):
        monkeypatch.setenv("PRIVATE_EMAIL_DOMAINS", wrong)
        with pytest.raises(ConfigurationError, match="PRIVATE_EMAIL_DOMAINS must be domains"):
            load_settings(**known)
