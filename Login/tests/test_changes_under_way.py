"""Changes that wait for a hash while the account moves on: what was ended or proved meanwhile decides."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.clients.addresses import Client
from app.crud import sessions
from app.crud.accounts import delete_user
from app.crud.sessions import Principal
from app.errors import SessionEnded
from app.resources import Resources, make_resources
from app.schemas import Deletion, UserUpdate
from app.services import accounts, emails, totp
from testing.api import PASSWORD, MakeSettings, RunSql, SignedIn
from testing.loops import finish

HERE = Client("127.0.0.1", "")
NEW = UserUpdate.model_validate({"new_password": "a quite different one", "current_password": PASSWORD})
GONE = Deletion.model_validate({"confirm": True, "current_password": PASSWORD})
END = "UPDATE sessions SET ended_at = created_at, end_reason = 'revoked'"


@pytest.fixture
def resources(make_settings: MakeSettings, migrated_url: str) -> Iterator[Resources]:
    """Give an API with one thread for hashes."""
    made = make_resources(make_settings(migrated_url, hash_threads=1))
    yield made
    made.close()


async def find_principal(resources: Resources, sid: str) -> Principal:
    """Load who calls."""
    principal = await resources.database.read(sessions.get_principal, sid)
    assert principal is not None
    return principal


async def meanwhile(
    resources: Resources, sid: str, change: Callable[..., Any], body: object, do: Callable[[], Any]
) -> Any:
    """Ask for a change, and do something else while it waits for its hash."""
    principal = await find_principal(resources, sid)
    async with resources.hashes.place():
        asked = asyncio.create_task(change(resources, principal, body, HERE))
        while resources.hashes.waiting < 2:  # noqa: ASYNC110 the pool rings no bell
            await asyncio.sleep(0.01)
        do()
    return await asked


@pytest.mark.asvs("7.4.1", "2.3.4")
@pytest.mark.parametrize(("change", "body"), [(accounts.update, NEW), (accounts.delete, GONE)])
def test_a_session_that_ended_changes_nothing(
    resources: Resources, user: SignedIn, sql: RunSql, change: Callable[..., Any], body: object
) -> None:
    """A thief's change that is under way does not outlive "this was not me" and "sign out everywhere else"."""
    [(sid, hash_before)] = sql("SELECT sid, password_hash FROM sessions JOIN users ON users.id = user_id")
    with pytest.raises(SessionEnded):
        finish(meanwhile(resources, sid, change, body, lambda: sql(END)))

    assert sql("SELECT password_hash FROM users") == [(hash_before,)]
    assert sql("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL") == [(0,)]


@pytest.mark.asvs("7.5.1", "2.3.4")
def test_a_new_session_is_no_fresher_than_the_old_has_become(resources: Resources, user: SignedIn, sql: RunSql) -> None:
    """Where a second factor went on meanwhile, the password alone strips it no more."""
    [(sid,)] = sql("SELECT sid FROM sessions")
    stale = "UPDATE sessions SET authenticated_at = '2020-01-01 00:00:00'"
    finish(meanwhile(resources, sid, accounts.update, NEW, lambda: sql(stale)))

    assert len(sql("SELECT sid FROM sessions WHERE ended_at IS NULL AND authenticated_at < '2021-01-01'")) == 1


@pytest.mark.parametrize("ask", [lambda *who: totp.start(*who, None, HERE), emails.send_verification])
def test_whoever_was_deleted_meanwhile_is_signed_out(
    resources: Resources, user: SignedIn, sql: RunSql, ask: Callable[..., Any]
) -> None:
    """A second device that just deleted the account makes no fault of ours."""
    [(sid,)] = sql("SELECT sid FROM sessions")

    async def delete_first() -> None:
        principal = await find_principal(resources, sid)
        await resources.database.transaction(delete_user, principal.account.id)
        await ask(resources, principal)

    with pytest.raises(SessionEnded):
        finish(delete_first())
