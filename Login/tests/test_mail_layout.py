"""How mails look: one layout that programs show alike, and that tells a stranger nothing of who reads."""

import re
from html import unescape

import pytest

from app.letters.catalogue import CATALOGUE
from app.letters.letter import Letter, Paragraph, Role
from app.letters.writing import write_letter
from app.mail.layout import write_html
from testing.mail import LINK

LINKS = ("verify", "reset", "revert", "change", "disown", "forgot")
FACTS = {
    name: name for name in ("when", "where", "left", "old_email", "new_email", "role", "opened_when", "opened_where")
}
FACTS |= {f"{name}_link": f"https://example.org/{name}?token=a&b=c" for name in LINKS}


def write(kind: str, phrase: str | None = None) -> Letter:
    """Write a letter of a kind to Alice."""
    return write_letter(kind, "alice@example.com", FACTS, name="alice", phrase=phrase)


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_every_kind_has_one_layout(kind: str) -> None:
    """At most one button, which no way out is; the links of the text and no others; facts in a table."""
    letter = write(kind)
    html = write_html(letter)
    links = re.findall(r'<a href="([^"]*)"\nclass="(\w+)"', html)
    texts = LINK.findall("\n".join(paragraph.text for paragraph in letter.text))

    assert [unescape(url) for url, look in links if look == "soft"] == texts
    assert [unescape(url) for url, look in links if look != "soft"] == texts
    assert [look for _, look in links].count("button") <= 1
    assert not any("disown" in url or "revert" in url for url, look in links if look == "button")
    assert re.findall(r'<th scope="row"[^>]*>(\w+)', html)[0] == "What"


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_nothing_is_fetched(kind: str) -> None:
    """No picture, font, script or style from anywhere: nobody learns that, when and where a mail is read."""
    html = write_html(write(kind, phrase="Blue herons at dawn"))

    assert not re.search(r"<(img|link|script|iframe|object|form|base|svg)\b|url\(|@import|\bsrc=|background=", html)
    assert set(re.findall(r"https?://[^/\"<]+", html)) <= {"https://example.org"}


def test_every_element_is_dressed_without_the_style_block() -> None:
    """Programs that drop it, as Gmail may, show the light colours, and the same room around things."""
    html = write_html(write("verify_email", phrase="Blue herons at dawn"))
    classes = set(re.findall(r'class="(\w+)" style="[^"]*(?:color|background-color):#', html))

    assert classes == set(re.findall(r'class="(\w+)"', html))
    assert classes == set(re.findall(r"^\.(\w+) \{", html, re.MULTILINE))


@pytest.mark.asvs("1.2.1", "1.3.7")
def test_words_of_people_are_escaped_and_have_a_direction_of_their_own() -> None:
    """Markup, braces and right-to-left letters in a phrase or an address stay inside their element."""
    phrase = '</strong><a href="https://evil.example">{x}: שלום'
    facts = Paragraph(f"What: New email address\nBefore: {phrase}", Role.FACTS)
    html = write_html(
        Letter("a@b.example", "<Hi>", [Paragraph(f"Your phrase: {phrase}", Role.PHRASE), facts, Paragraph("P")])
    )
    shown = "&lt;/strong&gt;&lt;a href=&quot;https://evil.example&quot;&gt;{x}: שלום"

    assert f'<strong dir="auto">{shown}</strong>' in html
    assert f'<span dir="auto">{shown}</span>' in html
    assert "<Hi>" not in html
    assert "<a " not in html


def test_the_preview_tells_what_happened_and_not_the_phrase() -> None:
    """A list of mails, or a locked phone, shows it beside the subject."""
    html = write_html(write("totp_enabled", phrase="Blue herons at dawn"))
    [preview] = re.findall(r'<div style="display:none[^>]*>(.*?)</div>', html)

    assert preview == "The second factor of your account was switched on."


def test_one_paragraph_is_a_letter_too() -> None:
    """As the doctor writes it."""
    assert "<td" in write_html(Letter("a@b.example", "Hi", [Paragraph("Hello,")]))
