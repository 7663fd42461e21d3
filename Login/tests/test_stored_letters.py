"""Letters in the queue, which workers of the former version and of this one read and write during an upgrade."""

import json

import pytest

from app.letters.catalogue import CATALOGUE
from app.letters.letter import Letter, Paragraph, Role

LETTER = Letter(
    "alice@example.com",
    "Confirm your email address",
    [
        Paragraph("Hello,"),
        Paragraph("Your phrase: Blue herons at dawn", Role.PHRASE),
        Paragraph("https://example.org/verify?token=abc", Role.ACTION, "Confirm your email address"),
        Paragraph("What: New account\nWhen: now", Role.FACTS),
        Paragraph("If it was not you, open this page:", Role.ASIDE),
        Paragraph("https://example.org/disown?token=abc", Role.ASIDE, "This was not me"),
        Paragraph("Pupero"),
    ],
)


def read_formerly(stored: str) -> tuple[str, str, list[tuple[str, bool]], int]:
    """Read a row as versions before this layout do: a paragraph is a text and whether it is a link."""

    def paragraph(text: str, is_link: object = False) -> tuple[str, bool]:
        return text, bool(is_link)

    def letter(to: str, subject: str, paragraphs: list[tuple[str, bool]], more: int = 0) -> tuple:  # type: ignore[type-arg]  # as it was
        return to, subject, paragraphs, more

    to, subject, paragraphs, *more = json.loads(stored)
    return letter(to, subject, [paragraph(*each) for each in paragraphs], *more)


def test_a_letter_comes_back_as_it_was() -> None:
    """With everything that it looks like."""
    held = LETTER._replace(more=2)

    assert Letter.from_json(held.to_json()) == held


def test_a_former_worker_delivers_a_new_letter() -> None:
    """It takes the same words, and its links for links."""
    to, subject, paragraphs, more = read_formerly(LETTER._replace(more=1).to_json())

    assert (to, subject, more) == (LETTER.to, LETTER.subject, 1)
    assert paragraphs == [(each.text, bool(each.label)) for each in LETTER.paragraphs]


def test_a_letter_of_the_former_version_is_delivered() -> None:
    """Its words stay, plainly, and its links can be opened."""
    old = ["a@example.com", "Hi", [["Hello,", False], ["When: now\nFrom: here", False], ["https://x.example/", True]]]
    letters = [Letter.from_json(json.dumps(stored)) for stored in (old, [*old, 3])]

    assert [letter.more for letter in letters] == [0, 3]
    assert [(each.text, each.role, bool(each.label)) for each in letters[0].paragraphs] == [
        ("Hello,", Role.TEXT, False),
        ("When: now\nFrom: here", Role.TEXT, False),
        ("https://x.example/", Role.TEXT, True),
    ]


def test_a_new_letter_that_a_former_process_added_to_is_delivered() -> None:
    """What it wrote back for "1 more change" has lost the looks of texts, and no word or link."""
    stored = [
        [text, json.loads(LETTER.to_json())[2][place][1] if is_link else False]
        for place, (text, is_link) in enumerate(read_formerly(LETTER.to_json())[2])
    ]
    letter = Letter.from_json(json.dumps([LETTER.to, LETTER.subject, stored, 1]))

    assert [(each.text, each.label) for each in letter.paragraphs] == [
        (each.text, each.label) for each in LETTER.paragraphs
    ]


@pytest.mark.parametrize(("more", "said"), [(1, "1 more change"), (6, "6 more changes")])
def test_what_followed_is_told_with_what_happened(more: int, said: str) -> None:
    """Before the way out; where the facts are not known as such, at the end."""
    sentence = f"And {said} of this kind followed."
    plain = Letter("alice@example.com", "Hi", [Paragraph("Hello,"), Paragraph("Pupero")], more)
    texts = [paragraph.text for paragraph in LETTER._replace(more=more).text]

    assert texts.index(sentence) == texts.index("If it was not you, open this page:") - 1
    assert [paragraph.text for paragraph in plain.text] == ["Hello,", sentence, "Pupero"]


def test_every_link_has_a_name() -> None:
    """By its label a paragraph is a link."""
    parts = [part for _, parts in CATALOGUE.values() for part in parts]

    assert all(bool(part.label) == part.text.endswith("_link}") for part in parts)
