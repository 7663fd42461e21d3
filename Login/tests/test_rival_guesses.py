"""Guesses that wait for each other's count: the one that comes second was asked for first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from sqlalchemy import Connection, update
from starlette.testclient import TestClient

from app.config import Settings
from app.crud.attempts import attempts
from app.crud.clock import utc_now
from CreateDB.server.engine import transaction
from testing.api import PASSWORD, Person


@pytest.fixture
def rival(settings: Settings) -> Iterator[Connection]:
    """Give a transaction that holds every counter."""
    with transaction(settings.database_url.get_secret_value()) as connection:
        connection.execute(update(attempts).values(count=attempts.c.count + 1))
        yield connection


@pytest.fixture
def one_failure(api: TestClient, alice: Person) -> None:
    """Let somebody have mistyped alice's password once."""
    api.post("/login", json={"username": alice.username, "password": "not the password"})


@pytest.mark.usefixtures("one_failure")
def test_whoever_waited_for_a_rival_is_not_sent_away(api: TestClient, alice: Person, rival: Connection) -> None:
    """The statement that waits tells the time at which it began, before the rival was counted."""
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(api.post, "/login", json={"username": alice.username, "password": PASSWORD})
        sleep(0.5)
        assert not answer.done()
        rival.execute(update(attempts).values(last_at=utc_now()))
        rival.commit()

        assert answer.result().status_code == 200
