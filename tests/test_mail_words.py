"""Mails and pages, which share no code, speak of the same things in the same words and colours."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.letters import brand
from app.letters.catalogue import CATALOGUE, SIGNATURE
from app.letters.moments import write_moment
from app.letters.speech import ENGLISH
from app.letters.writing import write_letter
from FlaskProject.messages import TEXT
from FlaskProject.rendering.times import date_and_time

STYLE = Path(__file__).resolve().parent.parent / "FlaskProject" / "static" / "style.css"
# What a link is called, and where the pages say it: the title of the page that it opens, mostly.
LABELS = {
    "{verify_link}": "link.verify.title",
    "{change_link}": "link.change.title",
    "{reset_link}": "reset.title",
    "{forgot_link}": "link.over.forgot",
    "{disown_link}": "link.disown.title",
    "{revert_link}": "link.revert.title",
}
# Terms that a developer says, and a person never reads on the pages.
FOREIGN = r"two-factor|2FA|TOTP|\bsessions?\b|\btokens?\b|anti-phishing|disabled|enabled"


def test_links_are_called_what_the_pages_call_them() -> None:
    """Whoever follows one sees that they are where they meant to go."""
    labels = {part.text: part.label for _, parts in CATALOGUE.values() for part in parts if part.label}

    assert labels == {link: TEXT[key] for link, key in LABELS.items()}


def test_mails_say_no_word_that_pages_do_not() -> None:
    """The second factor, devices and sign-ins are called that."""
    mails = {kind: " ".join([subject, *(part.text for part in parts)]) for kind, (subject, parts) in CATALOGUE.items()}
    pages = "\n".join(TEXT.values())

    assert {kind: found for kind, text in mails.items() if (found := re.findall(FOREIGN, text, re.IGNORECASE))} == {}
    assert re.findall(FOREIGN, pages, re.IGNORECASE) == []
    for term in ("second factor", "recovery code", "passkey", "phrase", "signed out everywhere"):
        assert any(term in text for text in mails.values()), term
        assert term in pages.lower() or term == "signed out everywhere", term


def test_the_frame_is_that_of_the_pages() -> None:
    """Name, advice, and what stands before the phrase."""
    letter = write_letter(
        "signed_out", "a@b.example", dict.fromkeys(("when", "where", "disown_link"), ""), name=None, phrase="x"
    )

    assert f"{{service}}. {TEXT['footer.out']}" == SIGNATURE
    assert letter.paragraphs[1].text == f"{TEXT['phrase.strip']}: x"


@pytest.mark.parametrize("month", range(1, 13))
def test_times_are_written_alike(month: int) -> None:
    """So that a mail can be compared with a page."""
    moment = datetime(2026, month, 3, 4, 5, tzinfo=UTC)

    assert write_moment(moment, ENGLISH) == date_and_time(moment)


@pytest.mark.parametrize(("place", "colours"), [(0, brand.LIGHT), (1, brand.DARK)], ids=["light", "dark"])
def test_colours_are_those_of_the_pages(place: int, colours: brand.Colours) -> None:
    """In light, and in dark."""
    css = STYLE.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")[place]

    for name, colour in colours._asdict().items():
        assert f"--{name.replace('_', '-')}: {colour};" in css
