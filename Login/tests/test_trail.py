"""The trail: what happened stands there with its cause or not at all, summed up where somebody could make much."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.authority.changes import CHANGES
from app.authority.signs import SIGNS
from app.crud.events import first_id, make_id
from testing.api import PASSWORD, Person, RunSql, SignedIn, StartApi, enable_totp, register, sign_in


def kinds(sql: RunSql) -> list[str]:
    """Return what has happened, in its order."""
    return [row[0] for row in sql("SELECT kind FROM events ORDER BY id")]


def test_an_id_tells_its_time_and_no_more() -> None:
    """UUIDv7 as RFC 9562 has it, in the order of microseconds, with a name's bytes or chance below them."""
    at = datetime(2026, 11, 28, 12, 0, 0, 123456, tzinfo=UTC)
    id_ = uuid.UUID(bytes=make_id(at))

    assert (id_.version, id_.variant, id_.int >> 80) == (7, uuid.RFC_4122, int(at.timestamp() * 1000))
    assert make_id(at) != make_id(at)
    assert make_id(at, b"12345678") == make_id(at, b"12345678")
    assert first_id(at) <= make_id(at) < first_id(at + timedelta(microseconds=1))


def test_no_kind_is_two_things() -> None:
    """A change is no sign, and every name fits its column."""
    assert set(CHANGES) & set(SIGNS) == set()
    assert max(map(len, [*CHANGES, *SIGNS])) <= 32


@pytest.mark.asvs("16.2.1", "16.3.1")
def test_a_sign_in_stands_there_with_where_and_how(user: SignedIn, sql: RunSql) -> None:
    """When, from which address and device, which session began and what proved it."""
    (row,) = sql("SELECT subject, outcome, actor, client_address, amr FROM events WHERE kind = 'session.started'")
    session = user.get("/user/account").json()["session"]

    assert row == (user.person.user_id, "success", "person", session["client_address"], "pwd")
    assert sql("SELECT sid FROM events WHERE kind = 'session.started'") == [(session["id"],)]


def test_a_refresh_is_no_event(user: SignedIn, sql: RunSql) -> None:
    """What happens every quarter of an hour would bury the rest."""
    before = kinds(sql)
    assert user.refresh().status_code == 200

    assert kinds(sql) == before


@pytest.mark.asvs("16.3.1", "16.3.3")
def test_refused_sign_ins_are_one_row_a_minute_and_network(api: TestClient, alice: Person, sql: RunSql) -> None:
    """With how many there were and why; what nobody is called is nobody's, and nothing typed stands there."""
    for name in ("alice", "alice", "alice", "not anybody"):
        assert api.post("/login", json={"username": name, "password": "wrong password"}).status_code == 400
    rows = sql("SELECT subject, reason, outcome, times FROM events WHERE kind = 'session.refused' ORDER BY times DESC")

    assert sum(row[3] for row in rows) == 4
    assert len(rows) <= 4  # two, unless a minute ended meanwhile
    assert {row[:3] for row in rows} == {
        (alice.user_id, "invalid_credentials", "failure"),
        ("", "invalid_credentials", "failure"),
    }


def test_rivals_lose_no_refusal(start_api: StartApi, sql: RunSql) -> None:
    """Eight wrong passwords at once over two processes are counted to the last."""
    server = start_api(workers=2)
    with httpx2.Client(base_url=server.url, timeout=60) as http, ThreadPoolExecutor(8) as threads:
        register(http)
        body = {"username": "alice", "password": "wrong password"}
        refused = [answer.status_code for answer in threads.map(lambda _: http.post("/login", json=body), range(8))]

    assert sql("SELECT SUM(times) FROM events WHERE kind = 'session.refused'")[0][0] == refused.count(400)


@pytest.mark.asvs("16.3.1")
def test_a_wrong_second_factor_and_a_wrong_proof_are_told_apart(
    user_with_totp: SignedIn, api: TestClient, sql: RunSql
) -> None:
    """At a sign-in and of somebody who is signed in; asking for a code refuses nobody."""
    body = {"username": user_with_totp.person.username, "password": PASSWORD}
    assert api.post("/login", json=body).json()["code"] == "totp_required"
    assert api.post("/login", json={**body, "totp": "000000"}).status_code == 400
    user_with_totp.post("/reauthenticate", {"current_password": "wrong password"})
    rows = sql("SELECT kind, reason, sid IS NULL FROM events WHERE outcome = 'failure' ORDER BY id")

    assert sorted(map(tuple, rows)) == [
        ("proof.refused", "current_password_invalid", 0),
        ("session.refused", "totp_invalid", 1),
    ]


@pytest.mark.asvs("16.3.1", "6.5.1")
def test_a_code_that_was_seen_and_sent_again_stands_there(
    user_with_totp: SignedIn, api: TestClient, sql: RunSql
) -> None:
    """Somebody who looked over a shoulder is a stranger with the right password and a right code."""
    body = {"username": user_with_totp.person.username, "password": PASSWORD, "totp": user_with_totp.code()}
    assert api.post("/login", json=body).status_code == 200
    assert api.post("/login", json=body).status_code == 400

    assert sql("SELECT reason FROM events WHERE kind = 'session.refused'") == [("totp_invalid",)]


@pytest.mark.asvs("16.2.1")
def test_what_is_undone_has_not_happened(user: SignedIn, api: TestClient, sql: RunSql) -> None:
    """A change that fails at its end leaves no row, and neither does its first half."""
    register(api, "bob")
    before = kinds(sql)
    assert user.call("PUT", "/user/update", {"phrase": "Another phrase", "username": "bob"}).status_code == 409

    assert kinds(sql) == before


def test_a_history_has_pages_and_kinds(user: SignedIn) -> None:
    """The latest first, page by page without a gap, and only what was asked for."""
    for number in range(5):
        assert user.call("PUT", "/user/update", {"phrase": f"Phrase number {number}"}).status_code == 200
    everything = user.get("/user/events").json()
    pages: list[dict[str, Any]] = []
    before = ""
    while before is not None:
        page = user.get(f"/user/events?limit=2{before and f'&before={before}'}").json()
        pages, before = pages + page["events"], page["next"]

    assert pages == everything["events"]
    assert everything["next"] is None
    assert [one["kind"] for one in pages] == [*["phrase.changed"] * 5, "session.started", "account.registered"]
    times = [datetime.fromisoformat(one["at"]) for one in pages]
    assert times == sorted(times, reverse=True)
    assert {one["kind"] for one in user.get("/user/events?kind=session&kind=account").json()["events"]} == {
        "session.started",
        "account.registered",
    }
    assert user.get("/user/events?kind=sess").json()["events"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "kind=%25", "kind=" + "a" * 33])
def test_a_query_that_makes_no_sense_is_refused(user: SignedIn, query: str) -> None:
    """With the code that all such refusals have."""
    assert user.get(f"/user/events?{query}").json()["code"] == "validation_error"


@pytest.mark.parametrize("before", ["x", "00000000-0000-0000-0000-00000000000g", "%00", "%F0%9F%8C%8A"])
def test_a_page_after_nothing_is_not_there(user: SignedIn, before: str) -> None:
    """What is no event's id is none of the caller's."""
    assert user.get(f"/user/events?before={before}").json()["code"] == "event_not_found"


@pytest.mark.asvs("8.2.2")
def test_nobody_sees_anybody_elses(user: SignedIn, api: TestClient) -> None:
    """Another account's event is no page and no thing to take back."""
    other = sign_in(api, register(api, "bob"))
    other.call("PUT", "/user/update", {"phrase": "Another phrase"})
    foreign = other.get("/user/events").json()["events"][0]

    assert foreign["can_disown"]
    assert user.post(f"/user/events/{foreign['id']}/disown").json()["code"] == "event_not_found"
    assert foreign["id"] not in json.dumps(user.get("/user/events").json())


@pytest.mark.asvs("7.4.3", "6.3.7")
def test_a_change_is_taken_back_from_the_history(user: SignedIn, sql: RunSql) -> None:
    """The phrase is what it was, nobody is signed in any more, and it works once."""
    user.call("PUT", "/user/update", {"phrase": "A thief's phrase"})
    event = user.get("/user/events").json()["events"][0]
    assert (event["kind"], event["can_disown"]) == ("phrase.changed", True)
    assert user.post(f"/user/events/{event['id']}/disown").status_code == 200

    assert sql("SELECT phrase FROM users") == [(None,)]
    assert user.get("/user/profile").json()["code"] == "session_ended"
    again = sign_in(user.http, user.person)
    assert again.post(f"/user/events/{event['id']}/disown").json()["code"] == "event_not_found"
    assert not any(one["can_disown"] for one in again.get("/user/events?kind=phrase").json()["events"])


@pytest.mark.asvs("7.5.1", "8.3.1")
def test_taking_back_wants_a_fresh_session(user: SignedIn, sql: RunSql) -> None:
    """A stolen token must not switch the owner's new factor off."""
    enable_totp(user)
    (event,) = user.get("/user/events?kind=factor.totp.enabled").json()["events"]
    sql("UPDATE sessions SET authenticated_at = '2020-01-01 00:00:00'")

    assert event["can_disown"]
    assert user.post(f"/user/events/{event['id']}/disown").json()["code"] == "reauthentication_required"


@pytest.mark.asvs("7.5.1")
def test_a_change_of_address_is_the_mailbox_to_take_back(user: SignedIn) -> None:
    """Whoever is signed in, even freshly, must not move an account to a mailbox that it has left."""
    change = {"new_email": "new@example.com", "current_password": PASSWORD}
    assert user.call("PUT", "/user/update", change).status_code == 200
    events = user.get("/user/events?kind=email").json()["events"]

    assert [one["kind"] for one in events] == ["email.changed"]
    assert not events[0]["can_disown"]
    assert user.post(f"/user/events/{events[0]['id']}/disown").json()["code"] == "event_not_found"
