"""What grows with nobody's doing has a bound: sessions an account, and accounts that nobody confirmed or used."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from app.config import Settings
from app.crud.sessions import SESSIONS_MAX
from app.models import metadata
from app.resources import make_resources
from app.services.sweeping import sweep_unconfirmed
from CreateDB.server.engine import transaction
from testing.api import PASSWORD, RunSql, SignedIn, StartApi, register, sign_in
from testing.loops import finish
from testing.mail import Mailbox

LIVE = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL AND user_id = :id"
MONTH_AGO = {"created_at": "2020-01-01 00:00:00"}
THERE = "SELECT email FROM users ORDER BY email"

# --- sessions ----------------------------------------------------------------------------------------------------


def add_sessions(settings: Settings, times: int) -> None:
    """Give the one session so many siblings, each seen a minute before the one before."""
    with transaction(settings.database_url.get_secret_value()) as connection:
        row = connection.execute(metadata.tables["sessions"].select()).one()._asdict()
        rows = [
            {**row, "sid": f"copy-{number}", "last_seen_at": row["last_seen_at"] - timedelta(minutes=1 + number)}
            for number in range(times)
        ]
        connection.execute(
            insert(metadata.tables["sessions"]), [{k: v for k, v in r.items() if k != "id"} for r in rows]
        )


def user_id_of(sql: RunSql, user: SignedIn) -> int:
    """Look up the number of an account."""
    return int(sql("SELECT id FROM users WHERE public_id = :id", id=user.person.user_id)[0][0])


@pytest.mark.asvs("7.1.2", "2.3.2")
def test_the_hundred_and_first_session_ends_the_one_unused_for_longest(
    api: TestClient, user: SignedIn, settings: Settings, sql: RunSql
) -> None:
    """Nobody else's session ends, none that was used lately, and none while there is room."""
    bob = sign_in(api, register(api, "bob"))
    sql("DELETE FROM sessions WHERE user_id = :id", id=user_id_of(sql, bob))
    add_sessions(settings, SESSIONS_MAX - 2)
    bob = sign_in(api, bob.person)
    last_free = sign_in(api, user.person)
    assert sql(LIVE, id=user_id_of(sql, user)) == [(SESSIONS_MAX,)]
    one_more = sign_in(api, user.person)

    assert sql(LIVE, id=user_id_of(sql, user)) == [(SESSIONS_MAX,)]
    assert sql("SELECT sid, end_reason FROM sessions WHERE ended_at IS NOT NULL") == [("copy-97", "displaced")]
    assert {one.get("/user/profile").status_code for one in (user, last_free, one_more, bob)} == {200}


def test_too_many_from_before_go_bit_by_bit(api: TestClient, user: SignedIn, settings: Settings, sql: RunSql) -> None:
    """Thousands that an earlier version let be are no burden on one login."""
    add_sessions(settings, 4 * SESSIONS_MAX)
    left = [sign_in(api, user.person) and sql(LIVE, id=user_id_of(sql, user))[0][0] for _ in range(2)]

    assert left == [2 * SESSIONS_MAX + 2, SESSIONS_MAX]
    assert user.get("/user/profile").status_code == 200


def test_logins_at_once_keep_the_bound(
    start_api: StartApi, api: TestClient, user: SignedIn, settings: Settings, sql: RunSql
) -> None:
    """Six of them, over two processes, with room for one."""
    assert api
    add_sessions(settings, SESSIONS_MAX - 2)
    server, barrier = start_api(workers=2), Barrier(6)

    def log_in(_number: int) -> int:
        with httpx2.Client(base_url=server.url, timeout=60) as http:
            barrier.wait()
            return http.post("/login", json={"email": user.person.email, "password": PASSWORD}).status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(log_in, range(6)))

    assert statuses == [200] * 6
    assert sql(LIVE, id=user_id_of(sql, user)) == [(SESSIONS_MAX,)]


# --- accounts ----------------------------------------------------------------------------------------------------


def confirm(http: Any, sql: RunSql, mailbox: Mailbox) -> None:
    """Open the link in the mail."""
    assert sql(THERE)
    answer = http.post("/email/verify", json={"token": mailbox.token("/email/verify", "alice@example.com")})
    assert answer.status_code == 200


def log_in(http: Any, _sql: RunSql, _mailbox: Mailbox) -> None:
    """Use the account."""
    assert http.post("/login", json={"username": "alice", "password": PASSWORD}).status_code == 200


def disable(_http: Any, sql: RunSql, _mailbox: Mailbox) -> None:
    """Do as an operator would with a nuisance."""
    sql("UPDATE users SET disabled_at = '2020-01-01 00:00:00' WHERE username = 'alice'")


def sweep(settings: Settings, smtp_host: str | None = "mail.example.com") -> int:
    """Sweep as the API does once a day, where mail is delivered."""
    resources = make_resources(settings.model_copy(update={"smtp_host": smtp_host}))
    try:
        return finish(sweep_unconfirmed(resources))
    finally:
        resources.close()


def test_an_account_that_nobody_confirmed_or_used_goes_after_a_month(
    api: TestClient, settings: Settings, sql: RunSql
) -> None:
    """Its address and name are free again; one of yesterday stays."""
    for name in ("alice", "bob"):
        register(api, name)
    sql("UPDATE users SET created_at = :created_at WHERE username = 'alice'", **MONTH_AGO)

    assert (sweep(settings), sql(THERE)) == (1, [("bob@example.com",)])
    assert sweep(settings) == 0
    register(api, "alice")


@pytest.mark.parametrize("act", [confirm, log_in, disable])
def test_an_account_that_means_something_stays(
    api: TestClient, settings: Settings, sql: RunSql, mailbox: Mailbox, act: Callable[[Any, RunSql, Mailbox], None]
) -> None:
    """Confirmed, used but unconfirmed, or shut by the operator, whose decision a new registration must not undo."""
    register(api)
    act(api, sql, mailbox)
    sql("UPDATE users SET created_at = :created_at", **MONTH_AGO)

    assert (sweep(settings), sql(THERE)) == (0, [("alice@example.com",)])


def test_where_no_mail_is_delivered_nobody_goes(api: TestClient, settings: Settings, sql: RunSql) -> None:
    """Nobody could have confirmed anything."""
    register(api)
    sql("UPDATE users SET created_at = :created_at", **MONTH_AGO)

    assert (sweep(settings, smtp_host=None), sql(THERE)) == (0, [("alice@example.com",)])


def test_thousands_go_in_batches(api: TestClient, settings: Settings, sql: RunSql) -> None:
    """No lock is held for long, and none is forgotten."""
    register(api)
    with transaction(settings.database_url.get_secret_value()) as connection:
        row = connection.execute(metadata.tables["users"].select()).one()._asdict()
        names = ("public_id", "email", "email_key", "username", "username_key")
        rows = [{**row, "id": number, **dict.fromkeys(names, f"bot{number}")} for number in range(30_000, 31_200)]
        connection.execute(insert(metadata.tables["users"]), rows)
    sql("UPDATE users SET created_at = :created_at", **MONTH_AGO)

    assert (sweep(settings), sql(THERE)) == (1201, [])
