"""Languages: pages and mails, which share no code, know the same, hear the same in a header, and read files alike."""

from collections.abc import Callable
from gettext import NullTranslations
from pathlib import Path
from random import Random
from typing import cast

import pytest

from app.languages import catalogues as of_mails
from app.languages import known as in_mails
from app.languages import tags as for_mails
from FlaskProject.languages import catalogues as of_pages
from FlaskProject.languages import known as on_pages
from FlaskProject.languages import negotiation as for_pages

HEADERS = {
    "": None,
    "nl": None,
    "de-AT, en;q=0.5": "de",
    "en;q=0.5, DE ; Q=0.9": "de",
    "fr;q=0.5,es;q=0.5": "fr",
    "pt-PT": "pt-BR",
    "de;q=0, it;q=0.1": "it",
    "uk;q=nan, ja;q=2, ar;q=x, pl;q=0.001": "pl",
    "de;level=1, es": "es",
    f"{'nl,' * 400}de": None,
}
PIECES = ["de", "EN", "pt-BR", "zh", "*", "", " ", ";", "q=", "Q=", "0", "1", "0.5", "-1", "1e9", "inf", ",", "=", "x"]
CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Sign in"
msgstr "An der Tür läuten"

#, fuzzy
msgid "Sign out"
msgstr "Vielleicht gehen"

msgid "a code"
msgid_plural "codes"
msgstr[0] "ein Code"
msgstr[1] "Codes"
"""


def test_both_parts_know_the_same_languages() -> None:
    """With the same locales, and whoever can choose one on the pages gets mails in it."""
    assert on_pages.OFFERED == for_mails.TAGS
    assert {tag: each.locale for tag, each in on_pages.KNOWN.items()} == {
        tag: each.locale for tag, each in in_mails.KNOWN.items()
    }


@pytest.mark.parametrize(("header", "tag"), HEADERS.items())
def test_a_header_asks_both_parts_for_the_same_language(header: str, tag: str | None) -> None:
    """The first of the heaviest that we have; what makes no sense is not there."""
    assert for_pages.negotiate(header) == for_mails.negotiate(header) == tag


def test_both_parts_hear_the_same_in_any_header() -> None:
    """Ten thousand headers that are put together by chance, the same ones each time."""
    chance = Random(11)  # noqa: S311 no secret
    headers = ["".join(chance.choices(PIECES, k=chance.randint(1, 16))) for _ in range(10_000)]
    heard = [for_mails.negotiate(header) for header in headers]

    assert [for_pages.negotiate(header) for header in headers] == heard
    assert {None, "de", "en", "pt-BR"} == {*heard}


@pytest.mark.parametrize(("module", "name"), [(of_pages, "pages.po"), (of_mails, "mails.po")], ids=["pages", "mails"])
def test_a_file_of_translations_is_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    """What it lacks, and what is marked as doubtful, stays English; a number chooses its form."""
    monkeypatch.setattr(module, "TRANSLATIONS", tmp_path)
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / name).write_text(CATALOGUE, encoding="utf-8")
    load = cast("Callable[[str], NullTranslations]", module.load.__wrapped__)  # type: ignore[attr-defined]

    german, english = load("de"), load("en")

    assert [german.gettext(text) for text in ("Sign in", "Sign out", "Cancel")] == [
        "An der Tür läuten",
        "Sign out",
        "Cancel",
    ]
    assert [german.ngettext("a code", "codes", number) for number in (1, 2)] == ["ein Code", "Codes"]
    assert english.gettext("Sign in") == "Sign in"
