"""The languages of people under their tags (BCP 47); the pages have the same."""

from typing import NamedTuple

from babel import Locale


class Language(NamedTuple):
    """A language, and the locale whose dates, times, numbers and plurals it has (CLDR)."""

    tag: str
    locale: Locale

    @property
    def direction(self) -> str:
        """Return how lines run, as HTML says it."""
        return self.locale.text_direction


# English is what the sentences are written in; the others have a folder each in translations/.
SOURCE = Language("en", Locale("en", "GB"))
KNOWN = {"en": SOURCE} | {
    tag: Language(tag, Locale.parse(tag, sep="-")) for tag in ("de", "fr", "es", "pt-BR", "it", "pl", "uk", "ar", "ja")
}
