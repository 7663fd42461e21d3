"""The languages of the pages under their tags (BCP 47), and which of them people may choose."""

from typing import NamedTuple

from babel import Locale


class Language(NamedTuple):
    """A language: what those who speak it call it, and whose dates, times, numbers and plurals it has (CLDR)."""

    tag: str
    name: str
    locale: Locale

    @property
    def script_locale(self) -> str:
        """Return the locale as browsers' scripts take it, with the digits that everything else has."""
        return f"{self.locale}-u-nu-latn".replace("_", "-")

    @property
    def direction(self) -> str:
        """Return how lines run, as HTML says it."""
        return self.locale.text_direction


NAMES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt-BR": "Português (Brasil)",
    "it": "Italiano",
    "pl": "Polski",
    "uk": "Українська",
    "ar": "العربية",
    "ja": "日本語",
}
# English is what the sentences are written in; the others have a folder each in translations/.
SOURCE = Language("en", NAMES["en"], Locale("en", "GB"))
KNOWN = {tag: Language(tag, name, Locale.parse(tag, sep="-")) for tag, name in NAMES.items()} | {"en": SOURCE}
# A line each, once its translations are complete: a test insists on that.
OFFERED = (
    "en",
    "de",
    "fr",
    "es",
    "pt-BR",
    "it",
    "pl",
    "uk",
    "ar",
    "ja",
)
