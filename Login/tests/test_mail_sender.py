"""MAIL_FROM and the wire: a sender that mails can bear, and letters that reach servers of every age."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.config import ConfigurationError, Settings, load_settings
from testing.api import RunSql, register
from testing.mail import deliver_due, links_of, text_of
from testing.smtp import Sink

STRONG = "Vb7kQ2xNfTz9LmWc4RsYh8JpDg3Ea6Uo"
COME_DUE = "UPDATE mails SET next_try_at = '2020-01-01 00:00:00' WHERE state = 'queued'"
STATES = "SELECT state, tries FROM mails ORDER BY id"


@pytest.fixture
def settings_changes(smtp_sink: Sink) -> dict[str, Any]:
    """Let mails go to the server."""
    return smtp_sink.settings


def load(sender: str) -> Settings:
    """Load settings with this sender."""
    return load_settings(database_url="sqlite:///x.sqlite3", jwt_secret_key=STRONG, mail_from=sender)


@pytest.mark.parametrize(
    ("sender", "taken"),
    [
        ("Konten <konten@bücher.example>", "Konten <konten@xn--bcher-kva.example>"),
        ("konten@bücher.example", "konten@xn--bcher-kva.example"),
        ('"Pupero, Accounts" <a@bücher.example>', '"Pupero, Accounts" <a@xn--bcher-kva.example>'),
        ("Bücher & Co <a@example.com>", "Bücher & Co <a@example.com>"),
        ("Pupero <a@localhost>", "Pupero <a@localhost>"),
        ("Pupero <a@[192.0.2.1]>", "Pupero <a@[192.0.2.1]>"),
    ],
)
def test_a_sender_s_domain_is_what_dns_knows(sender: str, taken: str) -> None:
    """An international domain is written in Punycode, as recipients' are; the name beside it keeps its letters."""
    assert load(sender).mail_from == taken


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("müller@example.com", "beyond ASCII before its @"),
        ("Pupero <jos\u00e9@example.com>", "beyond ASCII before its @"),
        ("a@bü_cher.example", "domain"),
        ("a@.example", "one mailbox"),
        ("a@", "one mailbox"),
        ("a@b@example.com", "one mailbox"),
        ("a@example.com, b@example.com", "one mailbox"),
        ("Pupero <a@example.com", "one mailbox"),
        ("=?utf-8?q?a=40evil.example?= <a@example.com>", "one mailbox"),
        ("Pupero", "one mailbox"),
    ],
)
def test_a_sender_that_no_mail_could_bear_stops_the_start(sender: str, why: str) -> None:
    """What would fail for every mail is refused before the first is written."""
    with pytest.raises(ConfigurationError, match=f"^MAIL_FROM .*{why}"):
        load(sender)


def test_a_sender_beyond_ascii_reaches_its_reader(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql
) -> None:
    """A mail of such a sender is delivered by a server that knows nothing of it."""
    smtp_sink.restart(enable_SMTPUTF8=False)
    register(api)
    deliver_due(settings.model_copy(update={"mail_from": load("Bücher <konten@bücher.example>").mail_from}))

    assert sql(STATES)[0][0] == "sent"
    assert smtp_sink.taken[0]["From"] == "Bücher <konten@xn--bcher-kva.example>"


def test_a_fault_of_the_setting_kills_no_mail(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql
) -> None:
    """A sender that cannot be written, or that the server refuses, keeps mails waiting until it is put right."""
    register(api)
    for wrong in ("müller@example.com", "no mailbox"):
        deliver_due(settings.model_copy(update={"mail_from": wrong}))
        sql(COME_DUE)
    smtp_sink.refused_senders["no-reply@localhost"] = "553 not yours"
    deliver_due(settings)
    sql(COME_DUE)
    smtp_sink.refused_senders.clear()
    for told in ("553 5.7.1 <no-reply@localhost>: Sender address rejected: not owned", "550 5.1.8 Bad sender domain"):
        smtp_sink.refused["alice@example.com"] = told
        deliver_due(settings)
        assert sql(STATES)[0][0] == "queued"
        sql(COME_DUE)
    smtp_sink.refused.clear()
    sql(COME_DUE)
    deliver_due(settings)

    assert sql(STATES)[0][0] == "sent"


@pytest.mark.parametrize("knows_eight_bits", [True, False])
def test_letters_beyond_ascii_reach_servers_of_every_age(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql, knows_eight_bits: bool
) -> None:
    """A server without 8BITMIME (RFC 6152) gets seven bits; what is read at the other end is the same."""
    smtp_sink.restart(decode_data=not knows_eight_bits)
    zoe = register(api, username="Zoë")
    sql("UPDATE users SET email_verified_at = created_at")  # whose mails carry the name
    api.post("/password/reset", json={"email": zoe.email})
    deliver_due(settings)

    mail = smtp_sink.taken[-1]
    encoding = "8bit" if knows_eight_bits else "quoted-printable"
    assert {part["Content-Transfer-Encoding"] for part in mail.iter_parts()} == {encoding}
    assert "Hello Zoë," in text_of(mail)
    assert list(links_of(mail)) == ["/password/reset"]
