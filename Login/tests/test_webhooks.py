"""Webhooks: told in the transaction of their cause; an account's in their order, none lost, each known by its id."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.config import Settings
from app.crud import webhooks
from app.main import create_app
from app.outbox.worker import BACK_OFF
from app.resources import make_resources
from app.services.sweeping import sweep_unconfirmed
from app.services.webhooks import queue_webhooks
from app.webhooks import worker
from app.webhooks.__main__ import main
from CreateDB.server.engine import make_engine
from testing.api import PASSWORD, MakeSettings, Person, RunSql, SignedIn, register, sign_in
from testing.loops import apart, finish
from testing.mail import Mailbox
from testing.smtp import wait_until
from testing.webhooks import Answer, Receiver, deliver_webhooks

COME_DUE = "UPDATE webhooks SET next_try_at = '2020-01-01 00:00:00' WHERE state = 'queued'"
STATES = "SELECT kind, state, tries FROM webhooks ORDER BY id"


@pytest.fixture
def settings_changes(receiver: Receiver) -> dict[str, Any]:
    """Let webhooks go to the receiver."""
    return receiver.settings


def queue_many(settings: Settings, subjects: list[str], count: int) -> None:
    """Queue as many webhooks of each account, in turn; their role counts them."""
    resources, engine = make_resources(settings), make_engine(settings.database_url.get_secret_value())
    with engine.begin() as connection:
        for number in range(count):
            for subject in subjects:
                known = {"role": str(number)}
                queue_webhooks(connection, settings, resources.keys, "account.role_set", subject, known)
    engine.dispose()
    resources.close()


def test_every_change_of_a_life_is_told(
    api: TestClient, settings: Settings, receiver: Receiver, mailbox: Mailbox, sql: RunSql
) -> None:
    """Which account, the address or session where it is about one, in order, under ids that tell it; then no trace."""
    user = sign_in(api, register(api))
    mailbox.confirm(api, user.person)
    user.update(new_email="moved@example.com")
    own = user.get("/user/account").json()["session"]["id"]
    sign_in(api, Person("moved@example.com", None, PASSWORD))
    assert user.call("DELETE", "/user/sessions").status_code == 200
    assert user.post("/logout").status_code == 200
    again = sign_in(api, Person("moved@example.com", None, PASSWORD))
    again.update(new_password="grey cranes at noon")
    assert "moved" not in str(sql("SELECT * FROM webhooks"))
    assert deliver_webhooks(settings)
    again.post("/user/delete", {"confirm": True, "current_password": "grey cranes at noon"})
    assert deliver_webhooks(settings)

    who = {"user_id": user.person.user_id}
    assert [(message.type, message.data) for message in receiver.taken] == [
        ("account.created", {**who, "email": "alice@example.com"}),
        ("email.confirmed", {**who, "email": "alice@example.com"}),
        ("email.changed", {**who, "email": "moved@example.com", "email_verified": False}),
        ("sessions.ended", {**who, "kept_session_id": own}),
        ("session.ended", {**who, "session_id": own}),
        ("sessions.ended", {**who, "kept_session_id": None}),
        ("account.deleted", who),
    ]
    assert [message.id for message in receiver.taken] == sorted({message.id for message in receiver.taken})
    assert (set(receiver.asked), sql("SELECT * FROM webhooks")) == ({"/hook?a=b"}, [])


@pytest.mark.asvs("2.3.3")
def test_what_is_rolled_back_is_not_told(user: SignedIn, sql: RunSql) -> None:
    """A change that fails in its last step leaves no webhook of its first."""
    register(user.http, "bob")
    before = sql(STATES)
    body = {"current_password": PASSWORD, "new_password": "grey cranes at noon", "username": "bob"}
    assert user.call("PUT", "/user/update", body).status_code == 409

    assert sql(STATES) == before


def test_a_receiver_that_dies_has_missed_nothing(
    api: TestClient, settings: Settings, receiver: Receiver, sql: RunSql
) -> None:
    """All waits for it without using up tries, and arrives in order."""
    alice = sign_in(api, register(api))
    receiver.stop()
    away = deliver_webhooks(settings)
    alice.post("/logout")
    bob = register(api, "bob")
    tries = {row[2] for row in sql(STATES)}
    receiver.start()
    sql(COME_DUE)

    assert (away, tries, deliver_webhooks(settings)) == (False, {0}, True)
    assert receiver.of(alice.person.user_id) == ["account.created", "session.ended"]
    assert receiver.of(bob.user_id) == ["account.created"]


def test_two_workers_keep_the_order_of_each_account(
    api: TestClient, settings: Settings, receiver: Receiver, sql: RunSql
) -> None:
    """However the rows fall to them, an account's arrive one after the other, each once."""
    subjects = ["a", "b", "c"]
    queue_many(settings, subjects, 8)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(deliver_webhooks, [settings] * 2)) == [True, True]
    told = [(message.user_id, message.data["role"]) for message in receiver.taken]

    assert [[role for who, role in told if who == subject] for subject in subjects] == [[*map(str, range(8))]] * 3


def test_what_fails_holds_its_own_account_up_and_no_other(
    settings: Settings, api: TestClient, receiver: Receiver, sql: RunSql
) -> None:
    """The next of an account waits for the one before, until that is delivered."""
    queue_many(settings, ["a", "b"], 2)
    receiver.answers["a"] = Answer(500)
    deliver_webhooks(settings)
    first, states = list(receiver.of("b")), sql("SELECT subject, state, tries FROM webhooks ORDER BY id")
    del receiver.answers["a"]
    deliver_webhooks(settings)
    too_early = receiver.of("a")
    sql(COME_DUE)
    deliver_webhooks(settings)

    assert (len(first), states) == (2, [("a", "queued", 1), ("a", "queued", 0)])
    assert (too_early, [message.data["role"] for message in receiver.taken if message.user_id == "a"]) == (
        [],
        ["0", "1"],
    )


def test_the_dead_hold_nobody_up_and_are_tried_again_when_asked(  # noqa: PLR0913, PLR0917 all of them fixtures
    settings: Settings,
    api: TestClient,
    receiver: Receiver,
    sql: RunSql,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After ten tries, or at once when the receiver says 410; an operator sees which, and nothing of what they say."""
    queue_many(settings, ["a", "b"], 2)
    sql("UPDATE webhooks SET tries = :tries", tries=len(BACK_OFF))
    receiver.answers = {"a": Answer(500), "b": Answer(410)}
    deliver_webhooks(settings)
    dead = sql("SELECT message_id, state, content IS NULL FROM webhooks ORDER BY id")
    receiver.answers = {}
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    for name in ("database_url", "jwt_secret_key"):
        monkeypatch.setenv(name.upper(), getattr(settings, name).get_secret_value())
    commands = (["list-dead"], ["retry", dead[0][0]], ["retry", dead[0][0]], ["retry-all"])
    statuses = [apart(partial(main, command)) for command in commands]
    said = capsys.readouterr()
    deliver_webhooks(settings)

    assert [row[1:] for row in dead] == [("dead", 0)] * 4
    assert (statuses, said.err) == ([0, 0, 1, 0], "No webhook of this id was given up.\n")
    assert said.out.splitlines()[4:] == ["1 webhook is queued again.", "3 webhooks are queued again."]
    assert sorted(line.split()[0] for line in said.out.splitlines()[:4]) == sorted(row[0] for row in dead)
    assert receiver.types == ["account.role_changed"] * 4


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("0", 29, 31), ("soon", 29, 31), ("7200", 7100, 7210), ("9" * 12, 86300, 86410)]
)
def test_a_wait_that_is_asked_for_is_kept_within_bounds(  # noqa: PLR0913, PLR0917 the fixtures and the bounds
    settings: Settings, api: TestClient, receiver: Receiver, sql: RunSql, asked: str, least: int, most: int
) -> None:
    """Retry-After puts the next try off, never before the back-off or beyond a day."""
    queue_many(settings, ["a"], 1)
    sql("UPDATE webhooks SET created_at = next_try_at")
    receiver.answers["a"] = Answer(503, (("Retry-After", asked),))
    deliver_webhooks(settings)
    engine = make_engine(settings.database_url.get_secret_value())
    with engine.connect() as connection:
        row = connection.execute(webhooks.webhooks.select()).mappings().one()
    engine.dispose()

    assert timedelta(seconds=least) < row["next_try_at"] - row["created_at"] < timedelta(seconds=most + 60)


@pytest.mark.asvs("15.3.2")
def test_a_redirect_is_not_followed(settings: Settings, api: TestClient, receiver: Receiver, sql: RunSql) -> None:
    """Wherever it points, nothing goes there."""
    queue_many(settings, ["a"], 1)
    receiver.answers["a"] = Answer(307, (("Location", f"http://127.0.0.1:{receiver.port}/elsewhere"),))
    deliver_webhooks(settings)

    assert receiver.asked == ["/hook?a=b"]
    assert sql("SELECT state, tries FROM webhooks") == [("queued", 1)]


def test_a_claim_keeps_its_place_until_its_lease_ends(
    settings: Settings, api: TestClient, receiver: Receiver, sql: RunSql
) -> None:
    """Of a worker that was killed nothing is lost, and what comes behind waits."""
    queue_many(settings, ["a"], 2)
    engine = make_engine(settings.database_url.get_secret_value())
    with engine.begin() as connection:
        (row,) = webhooks.find_due(connection, 10)
        assert webhooks.queue.claim(connection, row, webhooks.LEASE)
        assert not webhooks.queue.claim(connection, row, webhooks.LEASE)
    engine.dispose()
    deliver_webhooks(settings)
    before = list(receiver.types)
    sql(COME_DUE)
    deliver_webhooks(settings)

    assert (before, [message.data["role"] for message in receiver.taken]) == ([], ["0", "1"])


def test_the_last_word_does_not_overtake_what_is_under_way(
    user: SignedIn, settings: Settings, receiver: Receiver, sql: RunSql
) -> None:
    """What a worker holds while its account is deleted is erased, keeps its place, and is never sent again."""
    receiver.may_answer.clear()
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(deliver_webhooks, settings)
        assert receiver.begun.acquire(timeout=60)
        user.post("/user/delete", {"confirm": True, "current_password": PASSWORD})
        deliver_webhooks(settings)
        meanwhile, rows = list(receiver.asked), sql("SELECT kind, content IS NULL FROM webhooks ORDER BY id")
        receiver.may_answer.set()
        assert slow.result(60)

    assert (len(meanwhile), rows) == (1, [("account.created", 1), ("account.deleted", 0)])
    assert receiver.types == ["account.created", "account.deleted"]


def test_what_is_erased_is_not_sent(settings: Settings, api: TestClient, receiver: Receiver, sql: RunSql) -> None:
    """A worker that was killed over it leaves nothing to send, and lets the last word through."""
    queue_many(settings, ["a"], 1)
    sql("UPDATE webhooks SET content = NULL")
    queue_many(settings, ["a"], 1)
    deliver_webhooks(settings)

    assert (receiver.types, sql(STATES)) == (["account.role_changed"], [])


def test_an_account_that_nobody_used_is_told_to_have_ended(
    settings: Settings, api: TestClient, alice: Person, receiver: Receiver, sql: RunSql
) -> None:
    """Who was told of its beginning does not keep it for good."""
    deliver_webhooks(settings)
    sql("UPDATE users SET created_at = '2020-01-01 00:00:00'")
    resources = make_resources(settings.model_copy(update={"smtp_host": "relay.example.com"}))
    assert finish(sweep_unconfirmed(resources)) == 1
    resources.close()
    deliver_webhooks(settings)

    assert receiver.of(alice.user_id) == ["account.created", "account.deleted"]


def test_without_a_receiver_there_are_no_rows(make_settings: MakeSettings, migrated_url: str, sql: RunSql) -> None:
    """Nothing is collected that nobody asked for."""
    with TestClient(create_app(make_settings(migrated_url)), client=("127.0.0.1", 50000)) as api:
        register(api)

    assert sql(STATES) == []


def test_neither_holds_the_other_up(settings: Settings, receiver: Receiver, tmp_path: Path) -> None:
    """While the receiver thinks, mails go out; the API's own workers hear of both at once."""
    receiver.may_answer.clear()
    alive = settings.model_copy(update={"mail_worker": True})
    with TestClient(create_app(alive), client=("127.0.0.1", 50000)) as api:
        register(api)
        assert receiver.begun.acquire(timeout=60)
        wait_until(lambda: list((tmp_path / "mail").glob("*.eml")))
        assert receiver.types == []
        receiver.may_answer.set()
        wait_until(lambda: receiver.types == ["account.created"])


@pytest.mark.asvs("16.5.2")
def test_a_receiver_that_never_ends_is_cut_off(
    settings: Settings, api: TestClient, receiver: Receiver, sql: RunSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it drips, a try ends, and the next ones have their turn; no single wait would have been too long."""
    monkeypatch.setattr(worker, "SECONDS", 0.2)
    receiver.answers["a"] = Answer(drips=200)
    queue_many(settings, ["a"], 1)
    deliver_webhooks(settings)

    assert sql("SELECT state, tries FROM webhooks") == [("queued", 1)]
