"""The translated sentences of a language: a file that translators write, read once and kept."""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.languages.known import SOURCE

TRANSLATIONS = Path(__file__).parents[1] / "translations"


@cache  # bounded: only the tags of known languages come here
def load(tag: str) -> NullTranslations:
    """Return the sentences of a language; those that it lacks, and what is marked as doubtful, stay English."""
    if tag == SOURCE.tag:
        return NullTranslations()
    with (TRANSLATIONS / tag / "mails.po").open("rb") as file:
        catalogue = read_po(file)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
