"""The languages of the pages under their tags (BCP 47), and what each of them is called by those who speak it."""

from typing import NamedTuple

from babel import Locale


class Language(NamedTuple):
    """A language, and the locale whose dates, times, numbers and plurals it has (CLDR)."""

    tag: str
    name: str
    locale: Locale

    @property
    def direction(self) -> str:
        """Return how lines run, as HTML says it."""
        return self.locale.text_direction


# English is what the sentences are written in; the others have a folder each in translations/.
SOURCE = Language("en", "English", Locale("en", "GB"))
NAMES = {
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
KNOWN = {"en": SOURCE} | {tag: Language(tag, name, Locale.parse(tag, sep="-")) for tag, name in NAMES.items()}
