"""Expired rows go, in small batches and by one replica at a time; the rest stays."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text
from starlette.testclient import TestClient

from app.clients.addresses import Client
from app.config import Settings
from app.crud import batches, secrets
from app.crud import events as crud_events
from app.crud import sweeping as crud_sweeping
from app.crud.sweeping import take_turn
from app.main import create_app
from app.models import Ceremony, Session, UsedToken, metadata
from app.resources import make_resources
from app.services import health, sweeping
from app.services.health import report_unreadable_secrets
from app.services.sweeping import sweep
from app.services.trail import make_event
from CreateDB.server.engine import make_engine, transaction
from CreateDB.tables.upgrade import upgrade
from testing.api import PASSWORD, MakeSettings, RunSql, SignedIn, register, sign_in
from testing.loops import finish


def copy_session(settings: Settings, sql: RunSql, times: int) -> None:
    """Give the one session so many siblings, half of them expired long ago."""
    with transaction(settings.database_url.get_secret_value()) as connection:
        row = connection.execute(metadata.tables["sessions"].select()).one()._asdict()
        old = row["expires_at"] - timedelta(days=400)
        rows = [
            {**row, "id": None, "sid": f"copy-{number}", "expires_at": old if number % 2 else row["expires_at"]}
            for number in range(times)
        ]
        connection.execute(insert(Session), [{k: v for k, v in row.items() if k != "id"} for row in rows])


def test_ten_thousand_logins_of_one_person_are_no_burden(settings: Settings, user: SignedIn, sql: RunSql) -> None:
    """The list stays short and has this session, refreshing works, and a sweep removes what has expired only."""
    copy_session(settings, sql, 10_000)
    resources = make_resources(settings)

    listed = user.get("/user/sessions").json()
    assert len(listed) == 100
    assert listed[0]["current"]  # though the others were seen as lately
    assert user.refresh().status_code == 200
    counts = finish(sweep(resources))
    resources.close()

    assert counts["sessions"] == 5000
    assert sql("SELECT COUNT(*) FROM sessions") == [(5001,)]
    assert user.get("/user/profile").status_code == 200


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_batches_go_forward_and_leave_nothing_out(
    settings: Settings, sql: RunSql, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """However the batches fall, what has expired or is void is gone: also many rows of one moment, and far ahead."""
    for bound in ("SIZE", "LEAST", "MOST"):
        monkeypatch.setattr(batches, bound, size)
    now = datetime.now(UTC)
    past = [timedelta(days=-1, minutes=number) for number in range(5)] + [timedelta(days=-2)] * 4
    put_ceremonies(settings, now, [*past, timedelta(days=1), timedelta(days=2), timedelta(minutes=3)])
    put_events(settings, now, [*(timedelta(days=-400, minutes=number) for number in range(7)), timedelta(days=-1)])
    resources = make_resources(settings)
    counts = finish(sweep(resources))
    resources.close()

    assert (counts["ceremonies"], counts["events"]) == (11, 7)
    assert sql("SELECT (SELECT COUNT(*) FROM ceremonies), (SELECT COUNT(*) FROM events)") == [(1, 1)]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_however_many_share_a_moment_a_batch_is_bounded(settings: Settings, sql: RunSql, size: int) -> None:
    """Crowds of one moment, first, last and amid others, go in batches of that size, and none is left out."""
    moments = [5] * 4 + [4, 3] + [2] * 8 + [1] * 7
    ends = [datetime.now(UTC) - timedelta(hours=hours) for hours in moments]
    rows = [{"jti": f"{n}", "expires_at": end} for n, end in enumerate([*ends, datetime.now(UTC) + timedelta(hours=1)])]
    with transaction(settings.database_url.get_secret_value()) as connection:
        connection.execute(insert(UsedToken), rows)
    expiry = next(expiry for expiry in crud_sweeping.EXPIRIES if expiry.table == "used_tokens")
    batches = list(remove_all(settings, expiry, size))

    assert sum(batches) == len(moments)
    assert max(batches) <= size
    assert sql("SELECT jti FROM used_tokens") == [(f"{len(moments)}",)]


def test_what_goes_by_stretches_has_an_index_of_that_name() -> None:
    """A stretch names the index by which it goes; a table that lacks it could not be swept at all."""
    stretched = [expiry for expiry in crud_sweeping.EXPIRIES if expiry.by_stretches]
    there = {expiry.table: {index.name for index in metadata.tables[expiry.table].indexes} for expiry in stretched}

    assert stretched
    assert [e.table for e in stretched if f"ix_{e.table}_{e.moment}" not in there[e.table]] == []


def remove_all(settings: Settings, expiry: crud_sweeping.Expiry, size: int) -> Iterator[int]:
    """Remove a table's expired rows in batches of this size, and yield how many rows each had."""
    reached, is_first = None, True
    while is_first or reached is not None:
        with transaction(settings.database_url.get_secret_value()) as connection:
            gone, reached = crud_sweeping.delete_expired(connection, expiry, reached, size)
        yield gone
        is_first = False


def put_ceremonies(settings: Settings, now: datetime, moments: list[timedelta]) -> None:
    """Add a ceremony for each of these ends."""
    with transaction(settings.database_url.get_secret_value()) as connection:
        rows = [
            {"ceremony_hash": bytes([n]) * 32, "purpose": "login", "challenge": b"c" * 32, "expires_at": now + moment}
            for n, moment in enumerate(moments)
        ]
        connection.execute(insert(Ceremony), rows)


def put_events(settings: Settings, now: datetime, moments: list[timedelta]) -> None:
    """Add something that happened to somebody at each of these moments."""
    with transaction(settings.database_url.get_secret_value()) as connection:
        for at in (now + moment for moment in moments):
            event = make_event(crud_events.make_id(at), "session.started", "somebody", Client("", ""), at)
            crud_events.insert_event(connection, event)


def test_one_replica_at_a_time_takes_the_turn(settings: Settings) -> None:
    """Of eight replicas that look at the same moment, one sweeps: the first time, and each time it is due again."""

    async def look_at_once(interval: timedelta) -> list[bool]:
        replicas = [make_resources(settings) for _ in range(8)]
        looks = (replica.database.transaction(take_turn, "sweep", interval) for replica in replicas)
        turns = await asyncio.gather(*looks)
        for replica in replicas:
            replica.close()
        return turns

    first = finish(look_at_once(timedelta(0)))
    due_again = finish(look_at_once(timedelta(hours=1)))
    not_due = finish(look_at_once(timedelta(hours=1)))

    assert first.count(True) >= 1  # with no interval, later looks of the same round may be due again
    assert due_again.count(True) == 1
    assert not_due.count(True) == 0


def test_an_api_that_starts_before_its_tables_serves_and_sweeps_once_they_are_there(
    make_settings: MakeSettings, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until CreateDB has run all answers are 503; then everything works without a restart, background work too."""
    monkeypatch.setattr(sweeping, "LOOK", 0.05)
    with TestClient(create_app(make_settings(empty_url)), raise_server_exceptions=False) as http:
        early = [http.get("/readyz"), http.post("/login", json={"username": "alice", "password": PASSWORD})]
        time.sleep(0.2)
        upgrade(empty_url)
        person = register(http)
        user = sign_in(http, person)
        statuses = [http.get("/readyz").status_code, user.refresh().status_code]
        swept = any(_was_swept(empty_url) or time.sleep(0.05) for _ in range(1200))

    assert {(answer.status_code, answer.json()["code"]) for answer in early} == {(503, "database_unavailable")}
    assert statuses == [200, 200]
    assert swept


def _was_swept(url: str) -> bool:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name FROM schedules WHERE name = 'sweep'")).first()
    engine.dispose()
    return found is not None


@pytest.mark.asvs("16.2.1")
def test_the_start_names_how_many_secrets_no_key_opens(
    settings: Settings, user_with_totp: SignedIn, sql: RunSql, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator who lost a key is told at once how many people that locks out."""
    resources = make_resources(settings)
    finish(report_unreadable_secrets(resources))
    assert not caplog.records
    sql("UPDATE users SET totp_secret = 'lost.AAAA'")
    finish(report_unreadable_secrets(resources))
    resources.close()

    assert [(record.message, record.__dict__["event"]) for record in caplog.records] == [
        ("secrets_unreadable", {"rows": 1})
    ]


def test_a_start_before_the_tables_reports_once_they_are_there(
    settings: Settings,
    user_with_totp: SignedIn,
    sql: RunSql,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An API that is up before its database was migrated does not keep a lost key to itself."""
    monkeypatch.setattr(health, "LOOK", 0.01)
    sql("UPDATE users SET totp_secret = 'lost.AAAA'")
    sql("ALTER TABLE users RENAME TO users_later")
    resources = make_resources(settings)

    async def start_too_early() -> None:
        report = asyncio.create_task(report_unreadable_secrets(resources))
        await asyncio.sleep(0.1)
        sql("ALTER TABLE users_later RENAME TO users")
        await report

    try:
        finish(start_too_early())
    finally:
        resources.close()

    assert [record.__dict__["event"] for record in caplog.records if record.message == "secrets_unreadable"] == [
        {"rows": 1}
    ]


def test_secrets_are_counted_slice_by_slice(
    settings: Settings, user_with_totp: SignedIn, sql: RunSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the slices fall, each row is counted once."""
    register(user_with_totp.http, "bob")
    sql("UPDATE users SET totp_secret = 'lost.AAAA'")
    resources = make_resources(settings)
    counts = set()
    for size in (1, 2, 3, 1000):
        monkeypatch.setattr(secrets, "SLICE", size)
        counts.add(finish(resources.database.read(secrets.count_unreadable_secrets, ["known"])))
    resources.close()
    mails = sql("SELECT COUNT(*) FROM mails WHERE content IS NOT NULL")[0][0]

    assert counts == {2 + mails}
