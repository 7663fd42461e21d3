"""The language of an account, and of the mails that it gets."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.config import Settings
from app.languages import catalogues
from app.languages.known import KNOWN, SOURCE
from app.letters.catalogue import CATALOGUE
from app.letters.letter import Letter, Paragraph, Role
from app.letters.moments import write_moment
from app.letters.places import say_place
from app.letters.sentences import list_sentences
from app.letters.speech import speak
from app.letters.writing import write_letter
from app.mail.layout import write_html
from testing.api import PASSWORD, MakeSettings, SignedIn, register, sign_in
from testing.mail import Mailbox, html_of, text_of
from testing.pseudo import pretend, translate

FSI, PDI = "\u2068", "\u2069"


@pytest.fixture
def some_german(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Have a German that knows a few sentences, and the other languages none."""
    texts = {
        ("Your phrase was changed", None): "Deine Losung wurde geändert",
        ("Hello {name},", None): "Hallo {name},",
        ("When", "label"): "Wann",
        ("{program} on {system}", None): "{program} unter {system}",
        ("the machine of this service", None): "der Rechner dieses Dienstes",
        ("Confirm your email address", "label"): "E-Mail-Adresse bestätigen",
    }
    more = ("And {count} more change of this kind followed.", "And {count} more changes of this kind followed.")
    for language in KNOWN.values():
        catalogue = Catalog(locale=language.locale, fuzzy=False)
        if language.tag == "de":
            for (text, context), translated in texts.items():
                catalogue.add(text, translated, context=context)
            catalogue.add(more, ("Und {count} weitere.", "Und {count} weitere mehr."))
        (tmp_path / "languages" / language.tag).mkdir(parents=True)
        with (tmp_path / "languages" / language.tag / "mails.po").open("wb") as file:
            write_po(file, catalogue)
    monkeypatch.setattr(catalogues, "TRANSLATIONS", tmp_path / "languages")
    catalogues.load.cache_clear()
    yield
    catalogues.load.cache_clear()


@pytest.mark.parametrize(
    ("header", "language"), [("de-AT,en;q=0.5", "de"), ("pt", "pt-BR"), ("tlh", None), ("*", None), (None, None)]
)
def test_registering_keeps_the_language_asked_for(api: TestClient, header: str | None, language: str | None) -> None:
    """Of a browser as of a script; of whoever asks for none of ours it is left open."""
    api.headers["Accept-Language"] = header or ""
    assert sign_in(api, register(api)).get("/user/account").json()["language"] == language


def test_it_is_changed_and_taken_back(user: SignedIn) -> None:
    """By the person alone, as its history tells; what is none is refused with a code."""
    for language, kept in (("ar", "ar"), ("ar", "ar"), ("", None)):
        assert user.call("PUT", "/user/update", {"language": language}).status_code == 200
        assert user.get("/user/account").json()["language"] == kept
    refused = user.call("PUT", "/user/update", {"language": "de-CH"})
    kinds = [event["kind"] for event in user.get("/user/events").json()["events"]]

    [problem] = refused.json()["detail"]
    assert (refused.status_code, problem["loc"], problem["code"]) == (422, ["body", "language"], "wrong_form")
    assert kinds.count("language.changed") == 2


@pytest.mark.usefixtures("some_german")
def test_a_mail_is_in_the_language_of_its_moment(api: TestClient, mailbox: Mailbox) -> None:
    """Subject, names, times and places; what has no words yet is English. What followed is told in it, too."""
    api.headers["Accept-Language"] = "de"
    user = sign_in(api, register(api))
    api.post("/email/verify", json={"token": mailbox.token("/email/verify")})
    first = mailbox.last(user.person.email, "verify_email")
    for phrase in ("Blaue Reiher", "Rote Stiefel", "Weisse Wale", "Graue Katzen"):
        user.call("PUT", "/user/update", {"phrase": phrase})
    user.call("PUT", "/user/update", {"language": "fr"})
    mail = mailbox.last(user.person.email, "phrase_changed")

    assert "E-Mail-Adresse bestätigen" in html_of(first)
    assert mail["Subject"] == "Deine Losung wurde geändert"
    assert text_of(mail).startswith("Hallo alice,\n")
    assert "Where: 127.0.0.1 (der Rechner dieses Dienstes), Firefox unter Linux" in text_of(mail)
    assert f"Wann: {datetime.now(UTC).day}. " in text_of(mail)
    assert '<html lang="de" dir="ltr">' in html_of(mail)


@pytest.mark.parametrize("settings_changes", [{"default_language": "ja"}])
@pytest.mark.usefixtures("some_german", "settings_changes")
def test_whoever_has_chosen_none_gets_the_operator_s(api: TestClient, mailbox: Mailbox) -> None:
    """As every account from before."""
    person = register(api)

    assert '<html lang="ja" dir="ltr">' in html_of(mailbox.last(person.email))


def test_an_unknown_default_is_refused_at_the_start(make_settings: MakeSettings) -> None:
    """By name."""
    with pytest.raises(ValidationError, match="default_language"):
        make_settings("sqlite:///x.sqlite3", default_language="tlh")


@pytest.mark.asvs("1.2.1")
@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_every_mail_can_be_said_in_any_language(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Each sentence is in the catalogue, in text and HTML; values that run the other way are isolated."""
    pretend(monkeypatch)
    links = {
        f"{name}_link": f"https://x.example/{name}"
        for name in ["verify", "change", "reset", "forgot", "disown", "revert"]
    }
    values = dict.fromkeys(("when", "where", "left", "old_email", "new_email", "role", "opened_when"), "Ab")
    facts = {**values, **links, "opened_where": "Ab", "service": "Pupero"}
    letter = write_letter(kind, "a@b.example", facts, name="Zoë", phrase="Blue <b>herons", speech=speak("ar"))
    html = write_html(letter)
    left = " ".join(paragraph.text for paragraph in letter.paragraphs)

    for value in ("Ab", "Zoë", "Pupero", "Blue <b>herons"):
        left = left.replace(f"{FSI}{value}{PDI}", "")
    assert [word for word in left.split() if word.isalpha() and not word.endswith("ö")] == []
    assert letter.subject == translate(CATALOGUE[kind][0])
    assert '<html lang="ar" dir="rtl">' in html
    assert 'dir="rtl"' in html.partition('role="article"')[2][:40]
    assert "text-align:right" in html
    assert "text-align:left" not in html
    assert "<b>" not in html


def test_every_text_can_be_asked_for() -> None:
    """What translators get is what mails say, and each has one meaning."""
    sentences = [(text, context) for text, context, _ in list_sentences()]

    assert {subject for subject, _ in CATALOGUE.values()} <= {text for text, _ in sentences}
    assert ("When", "label") in sentences


@pytest.mark.parametrize("tag", KNOWN)
def test_a_letter_in_the_queue_knows_its_language(tag: str) -> None:
    """A worker of the version before reads its words as ever."""
    letter = Letter("a@b.example", "Hi", [Paragraph("Hello,"), Paragraph("Pupero")], 1, KNOWN[tag])
    last = letter.to_json()

    assert Letter.from_json(last) == letter
    assert ('"text"' in last) is True
    assert (tag in last) is (KNOWN[tag] is not SOURCE)


@pytest.mark.usefixtures("some_german")
def test_what_followed_is_counted_in_the_language_of_the_letter() -> None:
    """With the form that goes with the number."""
    letter = Letter("a@b.example", "Hi", [Paragraph("x"), Paragraph("a: b", Role.FACTS), Paragraph("y")])
    said = [[each.text for each in letter._replace(more=more, language=KNOWN["de"]).text][2] for more in (1, 12)]

    assert said == ["Und 1 weitere.", "Und 12 weitere mehr."]


@pytest.mark.usefixtures("some_german")
@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("203.0.113.7, Firefox on Linux", "203.0.113.7, Firefox unter Linux"),
        ("127.0.0.1 (the machine of this service), curl", "127.0.0.1 (der Rechner dieses Dienstes), curl"),
        ("2001:db8::1, A Python program on Linux", "2001:db8::1, A Python program unter Linux"),
        ("at the server, by somebody who runs this service", "at the server, by somebody who runs this service"),
        ("something of tomorrow", "something of tomorrow"),
    ],
)
def test_places_are_put_into_words(stored: str, said: str) -> None:
    """They are stored in English, whatever the language was."""
    assert say_place(stored, speak("de")) == said


@pytest.mark.parametrize(
    ("tag", "written"),
    [("en", "3 May 2027, 14:02 UTC"), ("de", "3. Mai 2027, 14:02 UTC"), ("ja", "2027年5月3日, 14:02 UTC")],
)
@pytest.mark.usefixtures("some_german")
def test_moments_are_those_of_the_language(tag: str, written: str) -> None:
    """By CLDR."""
    assert write_moment(datetime(2027, 5, 3, 14, 2, tzinfo=UTC), speak(tag)) == written


@pytest.mark.parametrize("name", ["עליזה", "أليس", "Оксана", "田中花子", "Zoë"])
def test_names_of_any_script_are_taken_and_shown(
    api: TestClient, mailbox: Mailbox, name: str, settings: Settings
) -> None:
    """In a mail whose language runs the same way as they are, in another isolated."""
    body = {"email": "a@example.com", "username": name, "password": PASSWORD}
    assert api.post("/register", json=body).status_code == 200
    api.post("/email/verify", json={"token": mailbox.token("/email/verify")})
    token: Any = api.post("/login", json={"username": name, "password": PASSWORD}).json()["access_token"]
    api.put("/user/update", json={"phrase": name}, headers={"Authorization": f"Bearer {token}"})
    hello = text_of(mailbox.last("a@example.com", "phrase_changed")).splitlines()[0]

    assert hello in {f"Hello {name},", f"Hello {FSI}{name}{PDI},"}
    assert (FSI in hello) is (name in {"עליזה", "أليس"})
    assert settings.default_language == "en"
