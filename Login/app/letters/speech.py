"""How a sentence is said in a language."""

from dataclasses import dataclass

from app.languages.catalogues import load
from app.languages.known import KNOWN, SOURCE, Language


@dataclass(frozen=True)
class Speech:
    """A language that sentences are looked up in: what it has no words for is said in English."""

    language: Language

    def say(self, text: str, context: str = "") -> str:
        """Return a text, which may mean different things in different places."""
        translations = load(self.language.tag)
        return translations.pgettext(context, text) if context else translations.gettext(text)

    def count(self, one: str, many: str, count: int) -> str:
        """Return the form of a text that goes with a number, with that number in it."""
        return load(self.language.tag).ngettext(one, many, count).format(count=count)


ENGLISH = Speech(SOURCE)


def speak(tag: str) -> Speech:
    """Return how sentences are said in the language of a tag."""
    return Speech(KNOWN.get(tag, SOURCE))
