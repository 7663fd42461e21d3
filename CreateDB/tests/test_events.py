"""--events: what happened, as an operator follows it, in a terminal and line by line for other programs."""

import getpass
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from app.authority.changes import CHANGES
from app.authority.signs import SIGNS
from app.clients.addresses import Client
from app.config import Settings
from app.crud.event_search import PAGE
from app.crud.events import make_id
from app.models import metadata
from app.services.trail import make_event
from CreateDB.command.terminal import show
from CreateDB.server.engine import make_engine
from CreateDB.users.events import HEAD
from testing.api import PASSWORD, Person, RunSql, SignedIn, register, sign_in
from testing.documents import ROOT, chapter, list_blocks

Run = Callable[..., Any]

KEYS = {
    *("id", "at", "last_at", "count", "user_id", "email", "kind", "outcome", "reason", "actor", "operator"),
    *("client_address", "user_agent", "session_id", "amr", "facts"),
}


def read(outcome: Any) -> list[dict[str, Any]]:
    """Read the lines of --json, each by itself."""
    assert (outcome.status, outcome.err) == (0, "")
    return [json.loads(line) for line in outcome.out.splitlines()]


def kinds(outcome: Any) -> list[str]:
    """Return the kinds of --json, in their order."""
    return [one["kind"] for one in read(outcome)]


def table(outcome: Any) -> list[str]:
    """Return the lines of the table."""
    assert (outcome.status, outcome.err) == (0, "")
    return list(outcome.out.splitlines())


def add_many(settings: Settings, number: int) -> None:
    """Add so many refused and begun sign-ins by turns, a minute apart, of an account that is none."""
    now = datetime.now(UTC)
    times = [now - timedelta(minutes=ago) for ago in range(number)]
    rows = [
        make_event(make_id(at), ("session.started", "session.refused")[at.minute % 2], "gone", Client("", ""), at)
        for at in times
    ]
    with make_engine(settings.database_url.get_secret_value()).begin() as connection:
        connection.execute(insert(metadata.tables["events"]), [row._asdict() for row in rows])


@pytest.mark.parametrize("who", ["alice", "Alice@Example.com", "public id"])
def test_an_account_s_events_are_found_by_each_of_its_names(
    cli: Run, api: TestClient, user: SignedIn, who: str
) -> None:
    """The latest first, with where and on what, and nobody else's."""
    sign_in(api, register(api, "bob"))
    head, last, first, end = table(cli(f"--events={user.person.user_id if who == 'public id' else who}"))

    assert head.split() == ["WHEN", "(UTC)", "WHO", "KIND", "BY", "FROM", "DEVICE", "DETAILS"]
    assert last.split()[2:] == ["alice@example.com", "session.started", "person", "127.0.0.1", "Firefox", "on", "Linux"]
    assert " account.registered " in first
    assert end == "2 events shown, the latest first."


def test_json_is_an_object_a_line(cli: Run, user: SignedIn) -> None:
    """With names that stay, all of them in every line, and times that --since takes back."""
    lines = read(cli("--events", "all", "--json"))

    assert [set(line) for line in lines] == [KEYS, KEYS]
    assert (lines[0]["email"], lines[0]["user_id"]) == ("alice@example.com", user.person.user_id)
    assert lines[0]["amr"] == ["pwd"]
    assert read(cli("--events", "all", "--json", "--since", lines[0]["at"])) == lines[:1]


@pytest.mark.asvs("16.2.1", "16.3.3")
def test_an_operator_s_change_stands_there_with_who_did_it(cli: Run, alice: Person) -> None:
    """The account of the machine, and what it was changed to."""
    cli("--set-role", "alice", "admin")
    _head, line, *_rest = table(cli("--events", "alice"))
    (change,) = read(cli("--events", "all", "--kind", "account.role_set", "--json"))

    assert f" operator {getpass.getuser()} " in line
    assert line.endswith("role=admin, former_role=user")
    assert (change["actor"], change["operator"]) == ("operator", getpass.getuser())
    assert change["facts"] == {"role": "admin", "former_role": "user"}


def test_filters_leave_what_was_asked_for(cli: Run, api: TestClient, user: SignedIn, sql: RunSql) -> None:
    """By kind or all below a name, by address in any spelling, by time; each alone and all together."""
    headers = {"X-Forwarded-For": "2001:db8::9"}
    api.post("/login", json={"username": "alice", "password": "wrong"}, headers=headers)
    api.post("/login", json={"username": "nobody", "password": "wrong"}, headers=headers)
    address = ["--address", "2001:DB8:0:0::9"]
    everything = ["--events", "alice", "--kind", "session", *address, "--since", "1h", "--json"]

    assert kinds(cli("--events", "all", "--kind", "session.refused", "--json")) == ["session.refused"] * 2
    assert set(kinds(cli("--events", "alice", "--kind", "session", "--json"))) == {"session.started", "session.refused"}
    assert kinds(cli("--events", "all", *address, "--json")) == ["session.refused"] * 2
    assert [(one["reason"], one["user_id"]) for one in read(cli(*everything))] == [
        ("invalid_credentials", user.person.user_id)
    ]
    old = datetime.now(UTC) - timedelta(days=3)
    at = f"{old:%Y-%m-%d %H:%M:%S.%f}"
    sql("UPDATE events SET id = :id, last_at = :at WHERE kind = 'account.registered'", id=make_id(old), at=at)
    assert "account.registered" not in kinds(cli("--events", "alice", "--since", "2d", "--json"))
    assert "account.registered" in kinds(cli("--events", "alice", "--since", f"{old:%Y-%m-%d}", "--json"))


def test_a_refusal_is_found_by_its_last_time(cli: Run, api: TestClient, alice: Person, sql: RunSql) -> None:
    """Its row lies where its minute began: what came before the asked moment and went on after it is shown."""
    api.post("/login", json={"username": "alice", "password": "wrong"})
    ((last,),) = sql("SELECT last_at FROM events WHERE kind = 'session.refused'")

    assert kinds(cli("--events", "alice", "--since", f"{last}", "--json")) == ["session.refused"]


@pytest.mark.asvs("14.2.7")
def test_a_deleted_account_is_followed_by_its_pseudonym(cli: Run, api: TestClient, user: SignedIn) -> None:
    """The old names lead nowhere; what stands in its place leads through all of it, without who and where."""
    body = {"confirm": True, "current_password": PASSWORD}
    assert user.call("DELETE", "/user/delete", body).status_code == 200
    first, *rest = read(cli("--events", "all", "--json"))
    pseudonym = first["user_id"]
    followed = read(cli(f"--events={pseudonym}", "--json"))

    assert followed == [first, *rest]
    assert {(one["email"], one["client_address"]) for one in followed} == {(None, None)}
    assert pseudonym in table(cli("--events", "all"))[1]
    for name in ("alice", user.person.user_id, ""):
        assert cli(f"--events={name}").err.startswith("Error: No account has the email, username or public id ")


@pytest.mark.asvs("1.3.3", "16.4.1")
def test_what_somebody_sent_cannot_steer_the_terminal(cli: Run, user: SignedIn, sql: RunSql) -> None:
    """Rows that were written by another way hold control characters; neither form lets them out."""
    evil = "curl\x1b[2J\x9b31m\nFirefox on \u202eLinux"
    sql("UPDATE events SET user_agent = :evil, operator = :evil, reason = :evil", evil=evil[:32])
    shown, lines = cli("--events", "alice"), cli("--events", "alice", "--json")

    assert all(line.isprintable() for line in [*table(shown), *lines.out.splitlines()])
    assert lines.out.isascii()
    assert read(lines)[0]["user_agent"] == evil[:32]


def test_more_than_a_page_comes_whole_and_in_order(cli: Run, settings: Settings) -> None:
    """No gap and no repetition where a page ends, of all, of one kind, and of kinds that are merged."""
    add_many(settings, 2 * PAGE + 2)
    everything = read(cli("--events", "gone", "--json"))
    ids = [one["id"] for one in everything]

    assert len(ids) == 2 * PAGE + 2
    assert ids == sorted(set(ids), reverse=True)
    assert read(cli("--events", "all", "--kind", "session", "--json")) == everything
    assert read(cli("--events", "all", "--kind", "session.started", "--json")) == [
        one for one in everything if one["kind"] == "session.started"
    ]
    assert read(cli("--events", "all", "--limit", "3", "--json")) == everything[:3]
    assert [line.split()[0] for line in table(cli("--events", "all", "--limit", f"{PAGE + 1}"))].count("WHEN") == 1


def test_a_terminal_is_not_flooded(cli: Run, settings: Settings) -> None:
    """Fifty unless more are asked for, and a word on how."""
    add_many(settings, 51)
    lines = table(cli("--events", "all"))

    assert (len(lines), lines[-1]) == (52, "50 events shown, the latest first; --limit N shows more.")


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently there")
def test_a_listener_that_leaves_ends_it_quietly(start: Run, settings: Settings) -> None:
    """`| head` has what it wants, and nothing odd is said."""
    add_many(settings, 1)
    process = start("--url", settings.database_url.get_secret_value(), "--events", "all", "--json")
    process.stdout.close()

    assert process.stderr.read() == ""
    assert process.wait(60) == 0


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently there")
def test_what_nobody_listens_to_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of millions of lines those after the first that nobody took are never made."""
    reader, writer = os.pipe()
    os.close(reader)
    lines = iter(["one", "two", "three"])
    with os.fdopen(writer, "w", encoding="utf-8") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert not show(lines)
        monkeypatch.undo()

    assert list(lines) == ["two", "three"]


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--events", "all", "--since", "yesterday"], "--since: a time is how long ago (2d, 12h, 30m), or one such as"),
        (["--events", "all", "--since", "0001-01-01T00:00+14:00"], "--since: a time is how long ago"),
        (["--events", "all", "--since", "99999d"], "--since: a time is how long ago"),
        (["--events", "all", "--kind", "sesion"], "--kind: there is no such kind of event"),
        (["--events", "all", "--kind", "session."], "--kind: there is no such kind of event"),
        (["--events", "all", "--address", "nowhere"], "a client address is one such as 203.0.113.9"),
        (["--list-users", "--since", "2d"], "--since goes with --events only"),
        (["--list-users", "--json"], "--json goes with --doctor or --events only"),
        (["--events", "all", "--show-user", "a"], "are different tasks: run one after the other"),
        (["--events", "all", "--json", "--echo"], "--echo would mix its lines into those of --json"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, flags: list[str], hint: str) -> None:
    """With status 2 and one line that says how it is written."""
    outcome = run(*flags)

    assert outcome.status == 2
    assert hint in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("since", ["0001-01-01", "9999d", "9999-12-31T23:59"])
def test_times_far_away_are_times(cli: Run, alice: Person, since: str) -> None:
    """Before there were ids everything is later, and in the future there is nothing."""
    assert len(read(cli("--events", "all", "--json", "--since", since))) == (0 if since.startswith("9999-") else 1)


def test_the_documents_show_it_as_it_is() -> None:
    """The columns, the kinds and the names of docs/operations.md are those of the command."""
    page = chapter(ROOT / "docs" / "operations.md", "What happened")
    [_, sample] = list_blocks(page)
    head, *rows, _end, _blank, line = sample.splitlines()

    assert re.split(r" {2,}", head) == list(HEAD)
    assert {row[head.index("KIND") :].split()[0] for row in rows} <= {*CHANGES, *SIGNS}
    assert json.loads(line).keys() == KEYS
    assert [kind for kind in SIGNS if f"`{kind}`" not in page] == []
