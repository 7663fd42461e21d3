"""A database of any earlier version, with people in it, upgrades; all of them still sign in and keep their sessions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx2
import pyotp
import pytest
from sqlalchemy import MetaData, Table, insert, select
from starlette.testclient import TestClient

from app.auth import PasswordHasher
from app.config import Settings
from app.main import create_app
from app.secrets.encryption import encrypt
from app.secrets.keys import make_keyrings
from app.secrets.recovery_codes import hash_former_code
from CreateDB.server.engine import make_engine
from CreateDB.tables.revisions import MIGRATIONS
from CreateDB.tables.upgrade import upgrade
from testing.api import CHEAP_ARGON2, PASSWORD, MakeSettings

REVISIONS = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=123456)
PLAIN, GUARDED, OLD_HASH = "plain", "guarded", "old_hash"
MakeUpTo = Callable[[str, str], None]

SECRET = pyotp.random_base32(32)
FORMER_CODE = "7Q2MX0KD9RWA3TNE5HJC8VPB"


def insert_fitting(url: str, table: str, **values: object) -> int:
    """Insert a row with those of the values that the table had columns for, by SQL and not by today's models."""
    with make_engine(url).begin() as connection:
        there = Table(table, MetaData(), autoload_with=connection)
        needed = {c.name for c in there.columns if not c.nullable and c.server_default is None and c.name != "id"}
        lacking = needed - values.keys()
        assert not lacking, f"this test must learn what a row of {table} needs: {lacking}"
        fitting = {name: value for name, value in values.items() if name in there.columns}
        connection.execute(insert(there).values(fitting))
        return int(connection.execute(select(there.c.id).order_by(there.c.id.desc())).scalars().first() or 0)


def insert_person(url: str, settings: Settings, name: str) -> None:
    """Insert somebody as the version of then did, with a session."""
    costs = {name.removeprefix("argon2_"): cost for name, cost in CHEAP_ARGON2.items()}
    costs |= {"time_cost": 2} if name == OLD_HASH else {}
    ring = make_keyrings(settings.signing_secrets, []).secrets
    user_id = insert_fitting(
        url,
        "users",
        public_id=f"public-{name}",
        email=f"{name}@Example.com",
        email_key=f"{name}@example.com",
        username=name,
        username_key=name,
        password_hash=PasswordHasher(**costs).hash(PASSWORD),
        password_changed_at=NOW,
        phrase="blue door",
        role="user",
        totp_secret=encrypt(SECRET, f"totp:public-{name}", ring) if name == GUARDED else None,
        created_at=NOW,
    )
    insert_session(url, user_id, name)
    if name == GUARDED:
        insert_fitting(
            url, "recovery_codes", user_id=user_id, code_hash=hash_former_code(FORMER_CODE, f"public-{name}")
        )


def insert_session(url: str, user_id: int, name: str) -> None:
    """Insert a live session."""
    moments = dict.fromkeys(("rotated_at", "created_at", "last_seen_at", "authenticated_at"), NOW)
    insert_fitting(
        url,
        "sessions",
        sid=f"session-{name}",
        user_id=user_id,
        generation=0,
        expires_at=NOW + timedelta(days=1),
        remember=True,
        client_address="203.0.113.9",
        user_agent="curl",
        **moments,
    )


def try_to_sign_in(api: TestClient, name: str, **more: str) -> httpx2.Response:
    """Sign somebody in by the address."""
    return api.post("/login", json={"email": f"{name.upper()}@example.com", "password": PASSWORD, **more})


@pytest.mark.parametrize("revision", REVISIONS)
def test_everybody_of_then_signs_in_now(
    empty_url: str, revision: str, make_settings: MakeSettings, make_up_to: MakeUpTo
) -> None:
    """Plain accounts, second factors and hashes of other costs survive the upgrade from every revision."""
    settings = make_settings(empty_url)
    make_up_to(empty_url, revision)
    for name in (PLAIN, GUARDED, OLD_HASH):
        insert_person(empty_url, settings, name)

    assert upgrade(empty_url) == REVISIONS[-1]

    with TestClient(create_app(settings), client=("127.0.0.1", 50000)) as api:
        for name in (PLAIN, GUARDED, OLD_HASH):
            log_in = partial(try_to_sign_in, api, name)
            answer = log_in(totp=pyotp.TOTP(SECRET).now()) if name == GUARDED else log_in()
            assert answer.status_code == 200, (name, answer.text)
            mine = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            assert api.get("/user/account", headers=mine).json()["recovery_codes_saved"] is True
            assert api.get("/user/profile", headers=mine).json()["phrase"] == "blue door"
            assert name != GUARDED or log_in(totp=FORMER_CODE).status_code == 200
            assert "session-" + name in {session["id"] for session in api.get("/user/sessions", headers=mine).json()}


def test_every_revision_is_tried() -> None:
    """A renamed file or folder would make the test above hold for nothing."""
    assert REVISIONS[0] == "0001"
    assert len(REVISIONS) == len([path for path in Path(MIGRATIONS, "versions").iterdir() if path.suffix == ".py"])
