"""The clock that runs from a request's arrival until its answer begins: what would come too late is not begun."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from starlette.testclient import TestClient

from app import database as databases
from app.auth import PasswordHasher
from app.database import ANSWER_WAIT, REQUEST_WAIT, Database
from app.errors import Busy, DatabaseUnavailable
from app.passwords.hash_pool import PATIENCE, HashPool
from app.runtime.arrival import Arrival, time_left
from deploy.start import LOGIN
from testing.api import Person
from testing.loops import finish


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give an empty database."""
    database = Database(f"sqlite:///{(tmp_path / 'empty.sqlite3').as_posix()}")
    yield database
    database.close()


@pytest.fixture
def pool() -> Iterator[HashPool]:
    """Give a pool of one thread."""
    pool = HashPool(PasswordHasher(time_cost=1, memory_kib=8, parallelism=1), 1)
    yield pool
    pool.close()


def came(seconds: float) -> Arrival:
    """Say that the request under way came so many seconds ago."""
    arrival = Arrival()
    arrival.at = time.monotonic() - seconds
    return arrival


def ask(connection: Connection) -> Any:
    """Ask for something."""
    return connection.execute(text("SELECT 1")).scalar_one()


@pytest.mark.asvs("13.1.3")
@pytest.mark.parametrize("kind", ["read", "transaction", "autocommit"])
def test_what_would_come_too_late_is_not_begun(database: Database, kind: str) -> None:
    """Twenty seconds after the request no work is begun in the database; once its answer has begun, all is."""

    async def call(seconds: float, *, answered: bool = False) -> Any:
        arrival = came(seconds)
        if answered:
            arrival.be_answered()
        return await getattr(database, kind)(ask)

    assert finish(call(0)) == 1
    assert finish(call(REQUEST_WAIT + 1, answered=True)) == 1
    with pytest.raises(DatabaseUnavailable) as refused:
        finish(call(REQUEST_WAIT + 1))
    assert refused.value.retry_after


@pytest.mark.asvs("13.1.3")
def test_a_hash_that_would_come_too_late_is_not_begun(pool: HashPool) -> None:
    """Though a thread is free: what comes after the hash would have no time left."""

    async def call(seconds: float) -> str:
        came(seconds)
        return await pool.hash("x")

    assert "argon2id" in finish(call(0))
    with pytest.raises(Busy) as refused:
        finish(call(PATIENCE + 1))
    assert refused.value.retry_after
    assert pool.waiting == 0


def test_without_a_request_there_is_no_clock() -> None:
    """The workers, which no request began, have all the time that they ask for."""
    asked = 7.0

    assert time_left(asked) == asked


def test_each_request_has_a_clock(api: TestClient, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none of its time is left, the API says so, and when to come back."""
    monkeypatch.setattr(databases, "REQUEST_WAIT", 0)
    refused = api.post("/login", json={"email": alice.email, "password": alice.password})

    assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
    assert int(refused.headers["retry-after"]) > 0


def test_the_clock_runs_until_the_answer_begins(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download reads the database for as long as somebody takes it, so its answer's first line stops the clock."""
    stopped: list[float | None] = []
    monkeypatch.setattr(Arrival, "be_answered", lambda arrival: stopped.append(arrival.at))

    assert api.get("/healthz").status_code == 200
    assert len(stopped) == 1


def test_a_process_ends_after_its_last_request() -> None:
    """In the images a server finishes what it has in hand: it is given as long as any of it takes."""
    given = float(LOGIN[LOGIN.index("--timeout-graceful-shutdown") + 1])

    assert given >= REQUEST_WAIT + ANSWER_WAIT
