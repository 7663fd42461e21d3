"""The languages of people, and the locales whose dates, times, numbers and plurals they have (CLDR)."""

from typing import NamedTuple

from babel import Locale

from app.languages.tags import TAGS


class Language(NamedTuple):
    """A language under its tag."""

    tag: str
    locale: Locale

    @property
    def direction(self) -> str:
        """Return how lines run, as HTML says it."""
        return self.locale.text_direction


# English is what the sentences are written in; the others have a folder each in translations/.
SOURCE = Language("en", Locale("en", "GB"))
KNOWN: dict[str, Language] = {str(tag): Language(tag, Locale.parse(tag, sep="-")) for tag in TAGS} | {"en": SOURCE}
