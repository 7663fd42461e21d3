"""The prepared SELECT of every call: the same values as by SQLAlchemy, and no way around its errors."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, literal_column, select
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from app import auth
from app.crud import sessions
from app.crud.prepared import Prepared
from app.database import Database
from testing.api import SignedIn, register, sign_in


@pytest.fixture
def user(api: TestClient) -> SignedIn:
    """Give somebody with letters of all kinds in their row."""
    user = sign_in(api, register(api), remember_me=True)
    assert user.call("PUT", "/user/update", {"phrase": "Zoë’s 🦊 ''\" \\ %s ?"}).status_code == 200
    return user


@pytest.fixture
def sid(user: SignedIn, api: TestClient) -> str:
    """Give the session's id, as the access token has it."""
    return str(auth.decode_token("access", user.access_token, api.app.state.resources.keys.tokens)["sid"])  # type: ignore[attr-defined]


@pytest.fixture
def databases(migrated_url: str) -> Iterator[list[Database]]:
    """Give the database twice: prepared statements, and all by SQLAlchemy because it is asked to echo."""
    both = [Database(migrated_url, echo=echo) for echo in (False, True)]
    yield both
    for database in both:
        database.close()


def test_both_ways_give_the_same_row(databases: list[Database], sid: str) -> None:
    """Values and their types agree, first time and again, inside a transaction and outside."""
    prepared, plain = (
        [run(lambda c: sessions.get_principal(c, sid)) for run in (d._reader.run, d._reader.run, d._transact)]  # noqa: SLF001 both ways
        for d in databases
    )

    assert {p[:2] for p in prepared} == {p[:2] for p in plain}
    assert [[type(value) for value in part] for part in prepared[0][:2]] == [
        [type(value) for value in part] for part in plain[0][:2]
    ]
    assert prepared[0].now.tzinfo is plain[0].now.tzinfo
    assert prepared[0].now <= prepared[1].now <= prepared[2].now


def test_nobody_is_nobody(databases: list[Database], sid: str) -> None:
    """A session that is not there is None, and what was prepared still answers the next one."""
    database = databases[0]
    found = [database._reader.run(lambda c, s=s: sessions.get_principal(c, s)) for s in (sid, "gone", sid)]  # noqa: SLF001

    assert [principal is None for principal in found] == [False, True, False]


def test_a_failure_ends_the_connection(databases: list[Database]) -> None:
    """Nothing else is asked on it: an answer may still be under way, and would be taken for the next one's."""
    asked: list[Connection] = []

    def ask(connection: Connection) -> None:
        asked.append(connection)
        Prepared(select(literal_column("nothing_of_that_name"))).fetch(connection)

    with pytest.raises(DBAPIError) as failure:
        databases[0]._reader.run(ask)  # noqa: SLF001
    assert failure.value.connection_invalidated
    assert asked[0].closed


def test_both_ways_write_the_same(databases: list[Database], sid: str) -> None:
    """A rotation is written once in either way: to the microsecond, one row found; a second one finds none."""
    for generation, database in enumerate(databases):
        now = database._reader.run(lambda c: sessions.get_principal(c, sid)).now  # type: ignore[union-attr]  # noqa: SLF001
        seen = {"client_address": "203.0.113.9", "user_agent": "Zoë’s 🦊"}
        rotate = lambda c, g=generation, n=now, s=seen: sessions.rotate_session(c, sid, g, n, s)  # noqa: E731

        assert [database._reader.run(rotate) for _ in range(2)] == [True, False]  # noqa: SLF001
        session = database._reader.run(lambda c: sessions.get_principal(c, sid)).session  # type: ignore[union-attr]  # noqa: SLF001
        assert (session.generation, session.rotated_at, session.last_seen_at) == (generation + 1, now, now)
        assert {"client_address": session.client_address, "user_agent": session.user_agent} == seen
