"""What mails look like: readable text and HTML from one source, in headers that nobody can split."""

import os
import re
import stat
from datetime import UTC, datetime
from email.policy import SMTP
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.config import Settings
from app.letters.catalogue import CATALOGUE
from app.letters.letter import Letter, Paragraph
from app.letters.writing import write_letter
from app.mail.delivery import Folder
from app.mail.messages import compose
from testing.ageing import let_a_minute_pass
from testing.api import PASSWORD, RunSql, SignedIn, register, sign_in
from testing.mail import Mailbox, html_of, links_of, parse_mail, text_of

SENDER = "Pupero <no-reply@example.org>"
MESSAGE_ID = "mZ0VtX2sQ3eJY0v5p8JkNw"
FACTS = {
    "when": "2 January 2026, 03:04 UTC",
    "where": "203.0.113.7, Firefox on Linux",
    "left": 3,
    "old_email": "old@example.com",
    "new_email": "new@example.com",
    "role": "admin",
    "opened_when": "1 January 2026, 00:00 UTC",
    "opened_where": "203.0.113.9, Firefox on macOS",
    **{f"{name}_link": f"https://example.org/{name}?token=abc" for name in ("verify", "reset", "revert", "change")},
    **{f"{name}_link": f"https://example.org/{name}?token=abc" for name in ("disown", "forgot")},
}


def write(kind: str, name: str = "alice", phrase: str | None = None, to: str = "alice@example.com") -> bytes:
    """Write a mail as it goes over the wire."""
    letter = write_letter(kind, to, FACTS, name=name, phrase=phrase)
    return compose(letter, MESSAGE_ID, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), SENDER).as_bytes()


def tags_off(html: str) -> str:
    """Return what an HTML document says."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def addresses_in(html: str) -> list[str]:
    """Return where the links of an HTML document lead."""
    return [unescape(address) for address in re.findall(r'<a href="([^"]*)"', html)]


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_every_kind_is_text_and_html_of_the_same_words(kind: str) -> None:
    """Both parts say the same, in UTF-8 as it is, so that a file can be read without a mail program.

    The HTML adds its frame and what links are called, and has cells where the text has colons.
    """
    raw = write(kind, name="Zoë", phrase="Blaue Reiher im Morgenrot")
    mail = parse_mail(raw)
    _, _, words = tags_off(html_of(mail).partition("</h1>")[2]).partition("Hello")
    for label in filter(None, (part.label for part in CATALOGUE[kind][1])):
        words = words.replace(f" {label} ", " ", 1)

    assert [part["Content-Transfer-Encoding"] for part in mail.iter_parts()] == ["8bit"] * 2
    assert {part.get_content_charset() for part in mail.iter_parts()} == {"utf-8"}
    assert b"base64" not in raw
    assert words.replace(":", "").split() == text_of(mail).removeprefix("Hello").replace(":", "").split()
    assert "Hello Zoë," in text_of(mail)


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_every_mail_has_the_headers_of_an_automatic_one(kind: str) -> None:
    """Mail programs can order, thread and recognise it; vacation notes stay away."""
    mail = parse_mail(write(kind))

    assert mail["Message-ID"] == f"<{MESSAGE_ID}@example.org>"
    assert mail["Date"].datetime == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert (mail["Auto-Submitted"], mail["From"], mail["To"]) == ("auto-generated", SENDER, "alice@example.com")
    assert mail["Subject"] == CATALOGUE[kind][0]


@pytest.mark.parametrize("kind", sorted(set(CATALOGUE) - {"verify_email"}))
def test_every_notice_says_when_and_from_where(kind: str) -> None:
    """A person can tell whether it was them."""
    text = text_of(parse_mail(write(kind)))

    assert "When: 2 January 2026, 03:04 UTC\nWhere: 203.0.113.7, Firefox on Linux" in text


def test_links_stand_alone_and_whole() -> None:
    """A link is one line of the text; in the HTML it has a button, and stands below it as it is."""
    mail = parse_mail(write("password_reset"))

    assert links_of(mail) == {"/reset": "abc"}
    assert addresses_in(html_of(mail)) == ["https://example.org/reset?token=abc"] * 2
    assert ">https://example.org/reset?token=abc</a>" in html_of(mail)


@pytest.mark.parametrize("name", ["alice", "Zoë"])
def test_a_link_can_be_copied_out_of_the_file(name: str) -> None:
    """As it stands in the raw mail it is whole: no `=3D`, no break, however long the address of the pages is."""
    link = f"https://accounts.example.org/{'path/' * 40}reset?token={'Jm3xQ0tq2mZ6bV1o8C4nLsgX7kYp5rT9uWvA0dEfGhI'}"
    letter = write_letter("password_reset", "alice@example.com", {**FACTS, "reset_link": link}, name=name, phrase=None)
    raw = compose(letter, MESSAGE_ID, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), SENDER).as_bytes()

    assert link.encode() in raw.split(b"\r\n")
    assert f'<a href="{link}"\r\n'.encode() in raw
    assert (b"7bit" in raw) == name.isascii()
    assert b"quoted-printable" not in raw


def test_a_line_that_no_server_takes_is_folded() -> None:
    """Beyond 998 bytes (RFC 5322, section 2.1.1) the text is encoded, and reads the same."""
    letter = Letter("alice@example.com", "Hi", [Paragraph("x" * 999)])
    raw = compose(letter, MESSAGE_ID, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), SENDER).as_bytes()

    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert text_of(parse_mail(raw)) == "x" * 999 + "\n"


@pytest.mark.asvs("1.3.11", "1.1.2", "1.2.1", "1.3.7", "1.3.10")
@pytest.mark.parametrize(
    "name",
    ["<b>alice</b>", 'a"b', "a&b", "{disown_link}", "{0}", "https://evil.example/", "a\r\nBcc: x@example.com"],
)
def test_names_and_phrases_are_only_ever_words(name: str) -> None:
    """Nothing that a person chose becomes markup, a template, a link, or a header."""
    mail = parse_mail(write("totp_enabled", name=name, phrase=name))

    assert "<b>" not in html_of(mail)
    assert list(links_of(mail)) == ["/disown"]
    assert mail["Bcc"] is None
    assert f"Hello {name},".split() == text_of(mail).split("\n\n")[0].split()
    assert set(addresses_in(html_of(mail))) == {FACTS["disown_link"]}


SPAM = "You have won: https://evil.example/prize"


@pytest.mark.parametrize("settings_changes", [{}, {"email_change_requires_verification": True}], ids=["once", "asking"])
def test_nobody_mails_links_of_their_own_to_strangers(api: TestClient, mailbox: Mailbox) -> None:
    """A mailbox that nobody has confirmed gets no username or phrase that mail programs would make a link of."""
    user = sign_in(api, register(api, "mallory", username="www.evil.example"))
    user.call("PUT", "/user/update", {"phrase": SPAM})
    for address in ("stranger@example.net", "other@example.net"):
        user.call("PUT", "/user/update", {"new_email": address, "current_password": PASSWORD})
    api.post("/register", json={"email": "stranger@example.net", "password": PASSWORD})
    user.call("PUT", "/user/update", {"phrase": "Blue herons at dawn"})
    texts = [text_of(mail) for mail in mailbox.read() if mail["To"] != user.person.email]

    assert len(texts) > 2
    assert not any("evil" in text for text in texts)


def test_whoever_has_confirmed_an_address_reads_their_own_words(
    api: TestClient, mailbox: Mailbox, user: SignedIn, sql: RunSql
) -> None:
    """Also an address in them; before, nothing that a stranger may have chosen."""
    user.call("PUT", "/user/update", {"phrase": SPAM})
    user.call("PUT", "/user/update", {"phrase": "Blue herons at dawn"})
    let_a_minute_pass(sql, mailbox)
    before = text_of(mailbox.last(kind="phrase_changed"))
    mailbox.empty()
    sql("UPDATE users SET email_verified_at = created_at")
    user.call("PUT", "/user/update", {"phrase": SPAM})

    assert SPAM not in before
    assert before.startswith("Hello,\n")
    after = text_of(mailbox.last(kind="phrase_changed"))
    assert after.startswith("Hello alice,\n\nYour phrase: Blue herons at dawn\n")


@pytest.mark.asvs("1.3.11")
@pytest.mark.parametrize("where", ["to", "subject"])
def test_a_line_break_never_makes_a_header(where: str) -> None:
    """Even if one got into the queue, it makes no second header: the mail is refused as a whole."""
    broken = {"to": "alice@example.com", "subject": "Hello"}
    broken[where] += "\r\nBcc: bob@example.com"
    letter = Letter(broken["to"], broken["subject"], [Paragraph("Hello")])

    with pytest.raises(Exception, match=r"mailbox|linefeed|carriage"):
        compose(letter, MESSAGE_ID, datetime.now(UTC), SENDER)


ENCODED_WORDS = [
    "=?utf-8?q?a=0d=0aReply-To=3a_x=40evil.example?=@example.com",
    "=?utf-8?q?a=0d=0a=0d=0aHello?=@example.com",
    "=?utf-8?q?victim?=@example.com",
]


@pytest.mark.asvs("1.3.11", "1.1.1")
@pytest.mark.parametrize("address", ENCODED_WORDS)
def test_an_address_is_never_decoded(api: TestClient, address: str) -> None:
    """Mail libraries decode an encoded word (RFC 2047), line breaks in it included: nobody has one as an address."""
    refused = api.post("/register", json={"email": address, "password": PASSWORD})

    assert refused.status_code == 422
    with pytest.raises(Exception, match="mailbox"):
        compose(Letter(address, "Hello", [Paragraph("Hello")]), MESSAGE_ID, datetime.now(UTC), SENDER)


@pytest.mark.parametrize(
    ("to", "header"),
    [
        ("alice@bücher.example", b"To: alice@xn--bcher-kva.example\r\n"),
        ("josé@example.com", "To: josé@example.com\r\n".encode()),
        ("o'hara+tag@example.com", b"To: o'hara+tag@example.com\r\n"),
    ],
    ids=["domain", "local part", "punctuation"],
)
def test_addresses_beyond_ascii(to: str, header: bytes) -> None:
    """A domain is written as DNS knows it; a local part beyond ASCII in UTF-8, for servers that take it (RFC 6532)."""
    assert header in write("totp_enabled", to=to)


def test_a_mail_fits_the_lines_of_smtp() -> None:
    """No line is longer than a server must take (RFC 5321, section 4.5.3.1.6), however long a phrase is."""
    for letter in ("a", "ä", "🦆"):
        raw = write("totp_enabled", phrase=letter * 255)
        assert max(map(len, raw.split(SMTP.linesep.encode()))) <= 998


@pytest.mark.asvs("5.3.2")
def test_a_mail_in_the_folder_is_private_and_named_by_time_kind_and_id(
    api: TestClient, mailbox: Mailbox, settings: Settings, sql: RunSql
) -> None:
    """A developer finds the latest mail last; nobody else reads it, for it holds links."""
    register(api)
    mailbox.read()
    [file] = settings.mail_dir.iterdir()
    [(message_id, created_at)] = sql("SELECT message_id, created_at FROM mails")

    assert re.fullmatch(rf"\d{{8}}-\d{{6}}-\d{{6}}-verify_email-{re.escape(message_id)}\.eml", file.name)
    assert file.name[:8] == str(created_at)[:10].replace("-", "")
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_unwritable_folder_is_replaced_by_a_temporary_one(tmp_path: Path) -> None:
    """Development goes on where MAIL_DIR cannot be made; the log names the place."""
    (tmp_path / "file").write_text("in the way")
    folder = Folder(tmp_path / "file" / "mail")
    letter = Letter("alice@example.com", "Hello", [Paragraph("Hello")])
    folder.carry(compose(letter, MESSAGE_ID, datetime.now(UTC), SENDER), "name")

    assert (folder.path / "name.eml").exists()
    (folder.path / "name.eml").unlink()
    folder.path.rmdir()


@pytest.mark.asvs("6.4.1", "1.3.6")
@pytest.mark.parametrize("settings_changes", [{"public_url": "https://accounts.example.org/"}])
def test_links_use_only_the_configured_address(api: TestClient, mailbox: Mailbox) -> None:
    """Whatever Host or X-Forwarded-Host say (CVE-2012-4520)."""
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    body = {"email": "alice@example.com", "password": PASSWORD}
    assert api.post("/register", json=body, headers=evil).status_code == 200
    assert api.post("/password/reset", json={"email": "alice@example.com"}, headers=evil).status_code == 200

    for mail in mailbox.read():
        assert "https://accounts.example.org/" in text_of(mail)
        assert "evil" not in mail.as_string()


def test_an_own_phrase_stands_in_every_mail_and_the_default_in_none(user: SignedIn, mailbox: Mailbox) -> None:
    """Whoever has chosen a phrase knows our mails by it; the one that everybody has proves nothing."""
    mailbox.confirm(user.http, user.person)
    user.call("PUT", "/user/update", {"phrase": "Blue herons at dawn"})
    mailbox.empty()
    user.post("/totp/enable/start", {"current_password": user.person.password})
    user.call("PUT", "/user/update", {"current_password": PASSWORD, "new_password": "a quite different one"})
    own = text_of(mailbox.last(user.person.email))
    bob = sign_in(user.http, register(user.http, "bob"))
    mailbox.confirm(user.http, bob.person)
    bob.call("PUT", "/user/update", {"current_password": PASSWORD, "new_password": "a quite different one"})

    assert "Your phrase: Blue herons at dawn" in own
    assert "phrase" not in text_of(mailbox.last(bob.person.email, "password_changed"))
