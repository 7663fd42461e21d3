"""What the server does for each query of a hot path: it goes to the row by an index, however many rows there are."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, select
from starlette.testclient import TestClient

from app.clients.addresses import Client
from app.crud.event_search import Wanted, find_events
from app.crud.events import list_events, make_id
from app.crud.exports import PAGE_MAX
from app.models import Session, User, metadata
from app.services.trail import make_event
from CreateDB.server.engine import make_engine
from testing.api import register, sign_in
from testing.mariadb import empty_tables
from testing.services import Asker

PLANS = {"const", "eq_ref", "ref"}
CROWD = 500
KEYS_AT_ONCE = 6  # a stranger's password has four counters, two with the window before


@pytest.fixture
def migrated_url(migrated_mariadb: str) -> str:
    """Use MariaDB alone: SQLite explains itself in other words."""
    empty_tables(migrated_mariadb)
    return migrated_mariadb


@pytest.fixture
def settings_changes() -> dict[str, Any]:
    """Let prepared statements go through SQLAlchemy, whose events show all of them."""
    return {"sql_echo": True}


@pytest.fixture
def crowd(api: TestClient, migrated_url: str) -> None:
    """Fill the tables: with a handful of rows the server would rather read them all."""
    now = datetime.now(UTC) - timedelta(days=1)
    rows = [
        User(
            public_id=f"crowd-{number}",
            email=f"crowd{number}@example.com",
            email_key=f"crowd{number}@example.com",
            username=f"crowd{number}",
            username_key=f"crowd{number}",
            password_changed_at=now,
            created_at=now,
        ).model_dump(exclude={"id"})
        for number in range(CROWD)
    ]
    moment = {"window_started_at": now, "last_at": now, "expires_at": now + timedelta(days=2)}
    counters = [{"key_hash": number.to_bytes(32, "big"), "count": 1, **moment} for number in range(CROWD)]
    engine = make_engine(migrated_url)
    with engine.begin() as connection:
        connection.execute(insert(metadata.tables["users"]), rows)
        connection.execute(insert(metadata.tables["attempts"]), counters)
    engine.dispose()


@contextmanager
def noting() -> Iterator[list[tuple[str, Any]]]:
    """Give the list of every statement that is sent meanwhile, with its values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def explain(connection: Connection, statement: str, parameters: Any) -> list[Any]:
    """Ask the server how it would find the rows of a statement; an INSERT and the clock have none to find."""
    if not re.match(r"UPDATE |DELETE |SELECT .*\sFROM ", statement, re.DOTALL):
        return []
    return list(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).mappings())


def is_direct(row: Any) -> bool:
    """Whether rows are found, or known to be missing, by key; by one in an UPDATE, or a few (IN), is called a range."""
    return row["table"] is None or row["type"] in PLANS or (row["type"] == "range" and int(row["rows"]) <= KEYS_AT_ONCE)


def test_hot_paths_go_to_their_rows_by_key(api: TestClient, crowd: None, migrated_url: str, shop: Asker) -> None:
    """Signing in by either name, wrongly and rightly, reading, refreshing, asking: const or ref throughout."""
    person = register(api)
    with noting() as seen:
        user = sign_in(api, person)
        api.post("/login", json={"username": "alice", "password": "not the password"})
        api.post("/login", json={"username": "nobody", "password": "not the password"})
        statuses = [user.get("/user/profile").status_code, user.refresh().status_code]
        statuses += [shop.send(token).status_code for token in (user.access_token, "none")]
    with make_engine(migrated_url).connect() as connection:
        plans = [(statement, row) for statement, values in seen for row in explain(connection, statement, values)]

    assert statuses == [200, 200, 200, 200]
    assert len(plans) > 8
    assert [(statement, dict(row)) for statement, row in plans if not is_direct(row)] == []


def test_a_download_goes_to_its_rows_by_key(api: TestClient, crowd: None, migrated_url: str) -> None:
    """However many rows others have, the first page and a later one begin where they are to, not at the first row."""
    user = sign_in(api, register(api))
    fill_sessions(migrated_url)
    fill_events(migrated_url, user.person.user_id)
    with noting() as seen:
        file = user.get("/user/export").json()
    pages = [(statement, values) for statement, values in seen if PAGE_MAX in values]
    with make_engine(migrated_url).connect() as connection:
        plans = [row for statement, values in pages for row in explain(connection, statement, values)]
    used = [(row["key"], int(row["rows"]) <= 3 * PAGE_MAX) for row in plans if row["table"] in {"sessions", "events"}]

    assert (len(file["sessions"]), len(file["events"])) == (PAGE_MAX + 4, 2 * PAGE_MAX + 3)
    assert used == [("ix_sessions_user_id_ended_at", True)] * 2 + [("ix_events_subject_id", True)] * 3


def fill_events(url: str, subject: str) -> None:
    """Give somebody two pages of history, and others six."""
    now, engine = datetime.now(UTC), make_engine(url)
    same = {"kind": "session.started", "at": now, "last_at": now, "times": 1}
    same |= {"outcome": "success", "actor": "person", "client_address": "", "user_agent": ""}
    rows = [
        {**same, "id": make_id(now + timedelta(microseconds=number)), "subject": whose}
        for number, whose in enumerate([subject, "x", "y", "z"] * 2 * PAGE_MAX)
    ]
    with engine.begin() as connection:
        connection.execute(insert(metadata.tables["events"]), rows)
    engine.dispose()


def fill_sessions(url: str) -> None:
    """Give one who has a session a second page of them, and each of the crowd a few."""
    now, engine = datetime.now(UTC), make_engine(url)
    moments = dict.fromkeys(("rotated_at", "created_at", "last_seen_at", "authenticated_at", "expires_at"), now)
    with engine.begin() as connection:
        ids = connection.execute(select(metadata.tables["users"].c.id)).scalars().all()
        owners = [*[max(ids)] * PAGE_MAX, *ids * 3]
        rows = [
            Session(sid=f"filled-{number}", user_id=owner, **moments).model_dump(exclude={"id"})
            for number, owner in enumerate(owners)
        ]
        connection.execute(insert(metadata.tables["sessions"]), rows)
    engine.dispose()


def test_calls_ask_the_database_little(api: TestClient, shop: Asker) -> None:
    """So many statements, COMMIT apart: a read and a service's question one, a refresh two, a known login eleven."""
    person = register(api)
    user = sign_in(api, person)
    shop.ask("none")  # the first is noted
    counts = []
    for call in (
        lambda: user.get("/user/profile"),
        lambda: shop.ask(user.access_token),
        user.refresh,
        lambda: sign_in(api, person),
    ):
        with noting() as seen:
            call()
        counts.append(len(seen))

    assert counts == [1, 1, 2, 11]


BUSY, ADDRESS, SHOWN = "somebody under attack", "203.0.113.9", 20
READS_MAX = 3 * SHOWN  # a row of the index, one of the account, and what a second filter leaves out
REFUSED, PHRASES = ("session.refused",), ("phrase.changed",)
SESSIONS = ("session.started", *REFUSED, "session.ended")
RECENT = datetime.now(UTC) - timedelta(hours=1)
WANTED = [
    Wanted(limit=SHOWN),
    Wanted(limit=SHOWN, since=RECENT),
    Wanted(limit=SHOWN, kinds=REFUSED),
    Wanted(limit=SHOWN, kinds=("email.changed",)),
    Wanted(limit=SHOWN, kinds=SESSIONS, since=RECENT),
    Wanted(limit=SHOWN, subject=BUSY),
    Wanted(limit=SHOWN, subject=BUSY, since=RECENT),
    Wanted(limit=SHOWN, subject=BUSY, kinds=REFUSED),
    Wanted(limit=SHOWN, subject=BUSY, kinds=PHRASES),
    Wanted(limit=SHOWN, address=ADDRESS),
    Wanted(limit=SHOWN, address=ADDRESS, kinds=REFUSED),
    Wanted(limit=SHOWN, address="198.51.100.1", kinds=SESSIONS),
]


@pytest.fixture
def events_connection(migrated_url: str) -> Iterator[Connection]:
    """Fill the trail: one account in two rows of three, all of them refusals; ten others, whose phrases change too."""
    now = datetime.now(UTC)
    rows = []
    for number in range(3000):
        at, is_busy = now - timedelta(minutes=number), number % 3
        kind = "session.refused" if is_busy else ("session.started", *PHRASES)[number % 2]
        client = Client(ADDRESS if number % 2 else f"203.0.113.{number % 7}", "")
        rows.append(make_event(make_id(at), kind, BUSY if is_busy else f"somebody {number % 10}", client, at)._asdict())
    engine = make_engine(migrated_url)
    with engine.connect() as connection:
        # Deleted rows that wait for their purge would count in what the server believes about the table.
        connection.exec_driver_sql("TRUNCATE TABLE events")
        connection.execute(insert(metadata.tables["events"]), rows)
        connection.commit()
        connection.exec_driver_sql("ANALYZE TABLE events").all()
        yield connection
    engine.dispose()


def count_reads(connection: Connection, work: Callable[[], object]) -> int:
    """Count the rows that the server reads meanwhile, of tables or indexes, without those of asking for it."""

    def read() -> int:
        return sum(int(row[1]) for row in connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'"))

    before = read()
    asking = read() - before
    work()
    return read() - before - 2 * asking


def test_operators_questions_read_little_more_than_they_show(events_connection: Connection) -> None:
    """Each combination goes back by an index, without sorting; no index has an address and a kind."""
    plans, reads = [], {}
    for wanted in WANTED:
        with noting() as seen:
            number = count_reads(events_connection, partial(list, find_events(events_connection, wanted)))
        asked = [(statement, values) for statement, values in seen if "LIMIT" in statement]
        plans += [explain(events_connection, statement, values)[0] for statement, values in asked]
        reads[wanted] = number // len(asked)

    assert [dict(plan) for plan in plans if plan["key"] is None or "filesort" in plan["Extra"]] == []
    assert {wanted: number for wanted, number in reads.items() if number > READS_MAX} == {}


def test_a_person_s_page_reads_little_more_than_it_shows(events_connection: Connection) -> None:
    """Also of what never happened to somebody to whom much else did."""
    reads = {
        kinds: count_reads(events_connection, partial(list_events, events_connection, BUSY, None, kinds, SHOWN))
        for kinds in ((), ("session",), ("phrase",), ("email", "factor"))
    }

    assert {kinds: number for kinds, number in reads.items() if number > READS_MAX} == {}
