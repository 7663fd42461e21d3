"""Translators' files: every sentence is in them, and a language that is offered lacks nothing."""

from pathlib import Path

import pytest
from babel.messages.catalog import Message

from app.languages import tags
from app.languages.catalogues import TRANSLATIONS as MAILS
from app.languages.known import KNOWN as OF_MAILS
from app.letters.catalogue import CATALOGUE
from app.letters.speech import speak
from app.letters.writing import LABEL
from FlaskProject.languages import negotiation
from FlaskProject.languages.known import KNOWN, OFFERED
from FlaskProject.messages import TEXT
from FlaskProject.messages.notes import AMBIGUOUS, NOTES, notes_for
from scripts import translations
from scripts.translations import DOMAINS, TRANSLATED, find_fault, find_faults, read
from tests.test_mail_words import LABELS

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_every_sentence_is_in_every_file(domain: translations.Domain) -> None:
    """If not: `python scripts/translations.py extract`."""
    wanted = {(message.id, message.context): message.auto_comments for message in domain.template() if message.id}
    template = read(domain.template_path, KNOWN["en"])
    files = {language.tag: read(domain.path(language), language) for language in TRANSLATED}

    assert {(each.id, each.context): each.auto_comments for each in template if each.id} == wanted
    for tag, catalogue in files.items():
        assert {(each.id, each.context) for each in catalogue if each.id} == wanted.keys(), tag


@pytest.mark.parametrize("tag", [tag for tag in OFFERED if tag != "en"] or ["none"])
def test_an_offered_language_is_complete(tag: str) -> None:
    """Nothing is missing or doubtful, no blank is lost, and nothing is longer than there is room for."""
    if tag == "none":
        pytest.skip("English is the only one that is offered")

    assert list(find_faults(KNOWN[tag])) == []


@pytest.mark.parametrize("tag", OFFERED)
def test_links_in_mails_are_called_what_their_pages_are(tag: str) -> None:
    """In each language whoever follows one sees that they are where they meant to go."""
    pages = {language.tag: read(DOMAINS[0].path(language), language) for language in TRANSLATED}
    said = {part.text: part.label for _, parts in CATALOGUE.values() for part in parts if part.label}
    for link, label in said.items():
        key = LABELS[link]
        context = key if key in AMBIGUOUS else None
        message = pages[tag].get(TEXT[key], context) if tag in pages else None
        assert speak(tag).say(label, LABEL) == (message.string if message else TEXT[key])


def test_pages_and_mails_know_the_same_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same tags, and read what a browser asks for alike."""
    monkeypatch.setattr(negotiation, "_BY_LANGUAGE", {tag.partition("-")[0]: tag for tag in KNOWN})
    headers = ["de-AT, en;q=0.5", "pt", "tlh", "*;q=0.1", "ja;q=0, fr;q=.2", "en;q=1.5, it", ";q=1, uk", "de;q=nan"]

    assert list(KNOWN) == list(OF_MAILS) == list(tags.TAGS)
    assert [(each.tag, each.locale) for each in KNOWN.values()] == [tuple(each) for each in OF_MAILS.values()]
    assert {path.name for path in MAILS.iterdir() if path.is_dir()} == KNOWN.keys() - {"en"}
    assert [*map(negotiation.negotiate, headers)] == [*map(tags.negotiate, headers)]


def test_notes_are_about_sentences_that_exist() -> None:
    """What was taken out leaves nothing behind."""
    told = {note for key in TEXT for note in notes_for(key)}

    assert TEXT.keys() >= AMBIGUOUS
    assert set(NOTES.values()) == told


@pytest.mark.parametrize(
    ("text", "translated", "fault"),
    [
        ("Hello {name}", "Hallo {name}", None),
        ("Hello {name}", "Hallo", "must have exactly {name}"),
        ("Hello {name}", "Hallo {Name}", "must have exactly {name}"),
        ("Hello {name}", "Hallo {name} {name}", "must have exactly {name}"),
        ("Hello {name}", "Hallo {name", "must have exactly {name}"),
        ("Hello", "Hallo {name}", "must have exactly no blank in braces"),
        ("Hello", "", "not translated"),
        ("Hello", "<b>Hallo</b>", "must have no markup"),
        ("Hello", "Hallo ", "must have no blank at its ends"),
        ("Please check: ", "Bitte prüfen: ", None),
        ("Hello", "Hallo " * 6 + "!", "is longer (37) than there is room for"),
        (("{count} was left.", "{count} were left."), ("{count} blieb.", "blieben."), "must have exactly {count}"),
        (("{count} was left.", "{count} were left."), ("{count} blieb.", ""), "not translated"),
    ],
)
def test_faults_of_a_translation_are_found(text: str, translated: str, fault: str | None) -> None:
    """Whatever a translator may lose."""
    assert find_fault(Message(text), Message(text, translated)) == fault
    assert find_fault(Message(text), None) == "not in the file (run extract)"
    assert find_fault(Message("a"), Message("a", "b", flags=["fuzzy"])) == "marked as fuzzy"
