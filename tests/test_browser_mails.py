"""Every kind of mail on a small phone: nothing for axe-core to find in light or dark, nothing to scroll sideways."""

import re

import pytest

from app.letters.catalogue import CATALOGUE
from app.letters.speech import speak
from app.letters.writing import write_letter
from app.mail.layout import write_html
from testing.axe import find_barriers
from testing.browser import OpenPage, Picture
from testing.keyboard import OVERFLOW

LONG_LINK = (
    f"https://{'subdomain.' * 5}example.org/accounts/email/verify?token={'Jm3xQ0tq2mZ6bV1o8C4nLsgX7kYp5rT9uWvA0dEfGhI'}"
)
LONG_PHRASE = "🦩 Flamingos dance 舞蹈中的火烈鸟 " + "W" * 120 + " עם מגפיים אדומים"
LONG_EMAIL = f"{'long.' * 12}post@{'subdomain.' * 9}example.com"
FACTS = {
    **dict.fromkeys(("when", "opened_when"), "28 November 2026, 12:04 UTC"),
    **dict.fromkeys(("where", "opened_where"), "2001:db8:1234:5678:9abc:def0:1234:5678, Samsung Internet on Android"),
    **dict.fromkeys(("old_email", "new_email"), LONG_EMAIL),
    **{f"{name}_link": LONG_LINK for name in ("verify", "reset", "revert", "change", "disown", "forgot")},
    "left": 3,
    "role": "admin",
}
MAIL = re.compile(r'(<div role="article".*</div>)', re.DOTALL)
# A mail program puts a mail into a page of its own, whose landmarks are its business.
OF_PAGES = ("region", "landmark-one-main")

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_every_mail(open_page: OpenPage, picture: Picture, tag: str) -> None:
    """With the longest that people can choose; one below the other, for axe-core takes its time for a page."""
    said = {"name": LONG_EMAIL, "phrase": LONG_PHRASE, "speech": speak(tag)}
    letters = [write_letter(kind, LONG_EMAIL, FACTS, **said) for kind in CATALOGUE]
    [frame, *_] = pages = [MAIL.split(write_html(letter)) for letter in letters]
    page = open_page(scripts=True, width=320)
    page.set_content("".join([frame[0], *(mail for _, mail, _ in pages), frame[2]]))
    barriers = find_barriers(page)
    picture(page, f"dark-{tag}")

    assert page.evaluate(OVERFLOW) <= 0
    assert [barrier for barrier in barriers if barrier.split(": ")[1] not in OF_PAGES] == []
