"""--sweep and --reencrypt, as an operator types them."""

import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.secrets.encryption import encrypt
from app.secrets.keys import make_keyrings
from CreateDB.models import Mail, UsedToken, User, metadata
from CreateDB.server.engine import make_engine

Run = Callable[..., Any]
OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(32)


@pytest.mark.asvs("14.2.4", "14.2.7")
def test_sweep_removes_what_has_expired(migrated_url: str, run: Run) -> None:
    """Expired rows go, others stay, and each table is told of."""
    now = datetime.now(UTC)
    with make_engine(migrated_url).begin() as connection:
        rows = [UsedToken(jti=f"{hours}", expires_at=now + timedelta(hours=hours)) for hours in (-2, -1, 1)]
        connection.execute(metadata.tables["used_tokens"].insert(), [row.model_dump() for row in rows])
    outcome = run("--url", migrated_url, "--sweep")

    assert (outcome.status, outcome.err) == (0, "")
    assert "used_tokens: 2 expired rows removed." in outcome.out
    with make_engine(migrated_url).connect() as connection:
        assert connection.execute(metadata.tables["used_tokens"].select()).one().jti == "1"


def test_a_long_sweep_tells_how_far_it_is(migrated_url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for millions of rows sees between the batches that they go."""
    monkeypatch.setattr("CreateDB.tables.sweep.QUIET", 0)
    for bound in ("SIZE", "LEAST", "MOST"):
        monkeypatch.setattr(f"app.crud.batches.{bound}", 1)
    then = datetime.now(UTC) - timedelta(hours=1)
    rows = [UsedToken(jti=f"{n}", expires_at=then + timedelta(minutes=n)).model_dump() for n in range(3)]
    with make_engine(migrated_url).begin() as connection:
        connection.execute(metadata.tables["used_tokens"].insert(), rows)
    outcome = run("--url", migrated_url, "--sweep")

    assert "used_tokens: 1 row removed so far ..." in outcome.out
    assert "used_tokens: 3 expired rows removed." in outcome.out


def test_sweep_erases_what_was_to_be_said_to_the_gone(migrated_url: str, run: Run) -> None:
    """A mail about an account that was deleted is given up after three days, its content first of all."""
    then = datetime.now(UTC) - timedelta(hours=73)
    mail = Mail(message_id="m1", kind="account_deleted", content="to whom", next_try_at=then, created_at=then)
    with make_engine(migrated_url).begin() as connection:
        connection.execute(metadata.tables["mails"].insert().values(mail.model_dump(exclude={"id"})))
    outcome = run("--url", migrated_url, "--sweep")

    assert "mails: 1 to deleted accounts erased." in outcome.out
    with make_engine(migrated_url).connect() as connection:
        left = connection.execute(metadata.tables["mails"].select()).one()
    assert (left.state, left.content) == ("dead", None)


@pytest.fixture
def account_under(migrated_url: str) -> Callable[[str], str]:
    """Give a function that makes an account whose second factor is encrypted under a key, and returns it."""

    def make(key: str) -> str:
        ciphertext = encrypt("SECRET", "totp:somebody", make_keyrings([OLD], [key]).secrets)
        now = datetime.now(UTC)
        user = User(
            public_id="somebody",
            email="a@example.com",
            email_key="a@example.com",
            password_changed_at=now,
            created_at=now,
            totp_secret=ciphertext,
        )
        with make_engine(migrated_url).begin() as connection:
            connection.execute(metadata.tables["users"].insert().values(user.model_dump(exclude={"id"})))
        return ciphertext

    return make


@pytest.mark.asvs("11.2.2")
def test_reencrypt_puts_every_secret_under_the_first_key(
    migrated_url: str, account_under: Callable[[str], str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it the old key can be removed; run again, it finds nothing to do."""
    account_under("old-key-" + OLD)
    monkeypatch.setitem(os.environ, "JWT_SECRET_KEY", OLD)
    monkeypatch.setitem(os.environ, "TOTP_ENCRYPTION_KEYS", f"new-key-{NEW},old-key-{OLD}")
    first, second = (run("--url", migrated_url, "--reencrypt") for _ in range(2))

    assert (first.status, second.status) == (0, 0), first.err
    assert "users.totp_secret: 1 encrypted anew, 0 that no configured key opens." in first.out
    assert "users.totp_secret: 0 encrypted anew" in second.out
    with make_engine(migrated_url).connect() as connection:
        found = connection.execute(metadata.tables["users"].select()).one().totp_secret
    assert found.startswith(make_keyrings([OLD], ["new-key-" + NEW]).secrets[0].kid)


def test_reencrypt_says_what_it_cannot_open(
    migrated_url: str, account_under: Callable[[str], str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret under a lost key is counted and left alone, and the status is 1."""
    account_under("lost-key-" + OLD)
    monkeypatch.setitem(os.environ, "JWT_SECRET_KEY", NEW)
    monkeypatch.setitem(os.environ, "TOTP_ENCRYPTION_KEYS", f"new-key-{NEW}")
    outcome = run("--url", migrated_url, "--reencrypt")

    assert outcome.status == 1
    assert "1 that no configured key opens" in outcome.out
    assert "Put the missing key into" in outcome.out
