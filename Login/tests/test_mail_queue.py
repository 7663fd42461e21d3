"""The mail queue against a real SMTP server: nothing lost, nothing twice, nothing held up, whatever breaks."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.config import Settings
from app.main import create_app
from app.outbox import worker
from testing.api import MakeSettings, RunSql, register, sign_in
from testing.mail import deliver_due
from testing.smtp import ACCOUNT, Sink, wait_until

COME_DUE = "UPDATE mails SET next_try_at = '2020-01-01 00:00:00' WHERE state = 'queued'"
STATES = "SELECT kind, state, tries, content IS NULL, finished_at IS NULL FROM mails ORDER BY id"


@pytest.fixture
def settings_changes(smtp_sink: Sink) -> dict[str, Any]:
    """Let mails go to the server."""
    return smtp_sink.settings


@pytest.fixture
def live_api(settings: Settings) -> Iterator[TestClient]:
    """Give the API with its mail worker running."""
    alive = settings.model_copy(update={"mail_worker": True})
    with TestClient(create_app(alive), client=("127.0.0.1", 50000), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.asvs("14.2.4")
def test_a_mail_waits_encrypted_in_the_transaction_of_its_cause(api: TestClient, sql: RunSql) -> None:
    """A registration queues one mail, a refused one none; the row shows neither address nor link."""
    register(api)
    taken = api.post("/register", json={"email": "alice@example.com", "password": "another good password"})
    rows = sql("SELECT state, content, user_id FROM mails")

    assert taken.status_code == 409
    assert [(state, bool(user_id)) for state, _, user_id in rows] == [("queued", True)]
    assert not any(word in rows[0][1] for word in ("alice", "http", "token"))


@pytest.fixture
def no_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker hear its bell and nothing else."""
    monkeypatch.setattr(worker, "POLL", 3600)


@pytest.mark.usefixtures("no_polls")
def test_the_worker_in_the_api_delivers_at_once(live_api: TestClient, smtp_sink: Sink, sql: RunSql) -> None:
    """A mail queued by this process waits for no poll; delivered, its content is erased and its times stay."""
    register(live_api)
    wait_until(lambda: smtp_sink.taken)
    wait_until(lambda: sql(STATES) == [("verify_email", "sent", 1, 1, 0)])

    assert smtp_sink.recipients == ["alice@example.com"]


def test_a_server_that_is_away_loses_nothing(api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql) -> None:
    """Mails wait for it without using up their tries, and each goes out once when it is back."""
    smtp_sink.stop()
    for name in ("alice", "bob", "carol"):
        register(api, name)
    away = [deliver_due(settings) for _ in range(2)]
    tries = {row[2] for row in sql(STATES)}
    smtp_sink.start()
    back = [deliver_due(settings), sql(COME_DUE), deliver_due(settings)]

    assert (away, tries, back) == ([False, False], {0}, [True, [], True])
    assert smtp_sink.recipients == ["alice@example.com", "bob@example.com", "carol@example.com"]
    assert {row[1] for row in sql(STATES)} == {"sent"}


def test_a_server_that_cannot_be_named_loses_nothing(api: TestClient, settings: Settings, sql: RunSql) -> None:
    """A typing error in the operator's settings is no fault of the mail."""
    register(api)
    assert deliver_due(settings.model_copy(update={"smtp_host": "smtp..example.com"})) is False

    assert sql(STATES) == [("verify_email", "queued", 0, 0, 1)]


def test_the_running_worker_comes_back_to_a_server_that_was_away(
    live_api: TestClient,
    smtp_sink: Sink,
    sql: RunSql,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No failure ends the loop."""
    monkeypatch.setattr(worker, "PAUSE", 0.1)
    monkeypatch.setattr(worker, "POLL", 0.1)
    smtp_sink.stop()
    register(live_api)
    wait_until(lambda: "mail_server_away" in caplog.messages)
    smtp_sink.start()
    sql(COME_DUE)

    wait_until(lambda: smtp_sink.taken)


def test_a_refused_recipient_holds_nobody_up(api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql) -> None:
    """A mail that the server will never take is given up at once; the others go out on the same connection."""
    smtp_sink.refused["alice@example.com"] = "550 no such user"
    smtp_sink.refused_content["bob@example.com"] = "554 we do not like this"
    for name in ("alice", "bob", "carol"):
        register(api, name)
    deliver_due(settings)

    assert smtp_sink.recipients == ["carol@example.com"]
    assert [(row[1], row[3]) for row in sql(STATES)] == [("dead", 0), ("dead", 0), ("sent", 1)]
    assert smtp_sink.sessions == 1


@pytest.mark.parametrize("how", ["refused_content", "refused", "dropped"])
def test_what_fails_for_now_is_tried_again(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql, how: str
) -> None:
    """A mail that is refused for now, or whose line breaks in its middle, backs off and goes out later, once."""
    if how == "dropped":
        smtp_sink.dropped.add("alice@example.com")
    else:
        getattr(smtp_sink, how)["alice@example.com"] = "451 not now"
    register(api, "alice")
    register(api, "bob")
    deliver_due(settings)
    first = smtp_sink.recipients
    state = [(row[1], row[2]) for row in sql(STATES)]
    for trouble in (smtp_sink.refused, smtp_sink.refused_content, smtp_sink.dropped):
        trouble.clear()
    deliver_due(settings)
    too_early = smtp_sink.recipients
    sql(COME_DUE)
    deliver_due(settings)

    assert (first, state) == (["bob@example.com"], [("queued", 1), ("sent", 1)])
    assert (too_early, smtp_sink.recipients) == (first, ["alice@example.com", "bob@example.com"])


def test_a_repeated_mail_has_the_same_message_id(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql
) -> None:
    """When the line breaks after the server took a mail, mailboxes can tell that the second is the first."""
    smtp_sink.dropped_late.add("alice@example.com")
    register(api)
    deliver_due(settings)
    smtp_sink.dropped_late.clear()
    sql(COME_DUE)
    deliver_due(settings)

    assert list(smtp_sink.ids.values()) == [2]


@pytest.mark.parametrize("knows_them", [True, False])
def test_a_local_part_beyond_ascii_needs_a_server_that_knows_them(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql, knows_them: bool
) -> None:
    """Where it does not (RFC 6531), that mail is given up at once and holds nobody up."""
    smtp_sink.restart(enable_SMTPUTF8=knows_them)
    register(api, "josé")
    register(api, "bob")
    deliver_due(settings)

    assert smtp_sink.recipients == ["bob@example.com", "josé@example.com"][: 1 + knows_them]
    assert [row[1] for row in sql(STATES)] == ["sent" if knows_them else "dead", "sent"]


def test_a_slow_server_slows_no_request(live_api: TestClient, smtp_sink: Sink) -> None:
    """The answer comes while the server still thinks, and so do the next ones."""
    smtp_sink.seconds = 60
    alice = register(live_api)
    wait_until(lambda: smtp_sink.begun)
    sign_in(live_api, alice)

    assert smtp_sink.taken == []
    smtp_sink.seconds = 0
    wait_until(lambda: smtp_sink.taken)


def test_a_server_slower_than_the_time_out_is_tried_again(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql
) -> None:
    """A hanging server holds one mail for no longer than SMTP_TIMEOUT_SECONDS."""
    smtp_sink.seconds = 60
    register(api)
    deliver_due(settings.model_copy(update={"smtp_timeout_seconds": timedelta(seconds=0.5)}))

    assert [(row[1], row[2]) for row in sql(STATES)] == [("queued", 1)]


def test_a_mail_is_given_up_after_its_tries(api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql) -> None:
    """Ten tries within two days; its content stays for an operator who tries it again."""
    smtp_sink.refused["alice@example.com"] = "451 not now"
    register(api)
    sql("UPDATE mails SET tries = 8")
    deliver_due(settings)
    ninth = sql(STATES)[0][1]
    sql(COME_DUE)
    deliver_due(settings)

    assert (ninth, sql(STATES)) == ("queued", [("verify_email", "dead", 10, 0, 0)])
    assert len(worker.BACK_OFF) == 9


@pytest.mark.parametrize("content", ["nokey.AAAA", "", None])
def test_an_unreadable_row_goes_dead_alone(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql, content: str | None
) -> None:
    """A row that no key opens is logged and left aside; it never stops the queue."""
    register(api, "alice")
    register(api, "bob")
    alice = "(SELECT min(id) FROM users)"
    sql(f"UPDATE mails SET content = :content WHERE user_id = {alice}", content=content)  # noqa: S608 our own words
    deliver_due(settings)

    assert [row[1] for row in sql(STATES)] == ["dead", "sent"]
    assert smtp_sink.recipients == ["bob@example.com"]


@pytest.mark.parametrize("kind", ["reset_request", "throttled", "address_wanted"])
def test_an_unreadable_note_goes_dead_alone(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql, kind: str
) -> None:
    """The notes that requests leave are no poison either."""
    api.post("/password/reset", json={"email": "alice@example.com"})
    sql("UPDATE mails SET content = 'nokey.AAAA', kind = :kind", kind=kind)
    register(api)
    deliver_due(settings)

    assert [row[:2] for row in sql(STATES)] == [(kind, "dead"), ("verify_email", "sent")]


def test_stopping_finishes_the_mail_under_way(live_api: TestClient, smtp_sink: Sink, sql: RunSql) -> None:
    """An orderly stop in the middle of a delivery neither loses nor repeats it."""
    smtp_sink.seconds = 0.5
    register(live_api)
    wait_until(lambda: smtp_sink.begun)
    live_api.__exit__(None, None, None)

    assert [row[1] for row in sql(STATES)] == ["sent"]
    assert list(smtp_sink.ids.values()) == [1]
    live_api.__enter__()


@pytest.mark.asvs("12.3.1")
def test_mail_is_never_sent_in_the_clear_by_accident(
    make_settings: MakeSettings, settings: Settings, api: TestClient, smtp_sink: Sink
) -> None:
    """A server without STARTTLS gets nothing where STARTTLS is wanted."""
    register(api)

    assert deliver_due(settings.model_copy(update={"smtp_secure": "starttls"})) is False
    assert smtp_sink.taken == []


@pytest.mark.asvs("12.3.2")
@pytest.mark.parametrize("secure", ["starttls", "tls"])
def test_encrypted_and_authenticated(
    settings: Settings, api: TestClient, smtp_sink: Sink, smtp_certificate: ssl.SSLContext, secure: str
) -> None:
    """STARTTLS and TLS from the start, with a checked certificate, and the account that the settings name."""
    # The library counts only STARTTLS as TLS.
    account = {"authenticator": smtp_sink.authenticate, "auth_require_tls": secure == "starttls"}
    tls = {"tls_context": smtp_certificate} if secure == "starttls" else {"ssl_context": smtp_certificate}
    smtp_sink.restart(**tls, **account)
    register(api)
    user, password = ACCOUNT
    changes = {"smtp_secure": secure, "smtp_user": user, "smtp_password": _secret(password)}

    assert deliver_due(settings.model_copy(update=changes))
    assert (smtp_sink.logins, smtp_sink.recipients) == ([user], ["alice@example.com"])


@pytest.mark.asvs("12.3.2")
def test_a_stranger_in_the_servers_place_gets_nothing(
    settings: Settings,
    api: TestClient,
    smtp_sink: Sink,
    smtp_certificate: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A certificate that nobody vouches for ends the conversation."""
    smtp_sink.restart(tls_context=smtp_certificate)
    monkeypatch.delenv("SSL_CERT_FILE")
    register(api)

    assert deliver_due(settings.model_copy(update={"smtp_secure": "starttls"})) is False
    assert smtp_sink.taken == []


def _secret(text: str) -> Any:
    return Settings.model_validate(
        {"database_url": "sqlite:///x.sqlite3", "jwt_secret_key": "k" * 40, "smtp_password": text}
    ).smtp_password
