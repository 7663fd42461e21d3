"""The one catalogue of everything a person reads, in English; translations/ has it in other languages."""

from functools import cache

from babel.numbers import format_decimal
from markupsafe import escape

from FlaskProject.languages.catalogues import load
from FlaskProject.languages.current import current_language
from FlaskProject.messages.events import EVENTS
from FlaskProject.messages.fields import FIELDS
from FlaskProject.messages.forward_auth import FORWARD_AUTH
from FlaskProject.messages.notes import AMBIGUOUS
from FlaskProject.messages.pages import PAGES
from FlaskProject.messages.refusals import REFUSALS
from FlaskProject.messages.security import SECURITY

TEXT = {**PAGES, **SECURITY, **EVENTS, **FIELDS, **FORWARD_AUTH, **REFUSALS}
ONE = ".one"  # what a key ends with whose text is said of exactly one, with the key before it for all other counts


def t(key: str, **values: object) -> str:
    """Return a text with its blanks filled in; an unknown key is a mistake of ours and raises KeyError."""
    language = current_language()
    if not values:
        return find_text(language.tag, key)
    count = values.get("count")
    if not isinstance(count, int):
        return find_text(language.tag, key).format(**values)
    text = load(language.tag).ngettext(TEXT.get(key + ONE, TEXT[key]), TEXT[key], count)
    return text.format(**{**values, "count": format_decimal(count, locale=language.locale)})


@cache
def find_text(tag: str, key: str) -> str:
    """Return a text in a language as it stands in the catalogue."""
    text, translations = TEXT[key], load(tag)
    return translations.pgettext(key, text) if key in AMBIGUOUS else translations.gettext(text)


@cache
def escape_text(tag: str, key: str) -> str:
    """Return it as HTML, which escapes what it is filled with."""
    return escape(find_text(tag, key))


def has_text(key: str) -> bool:
    """Tell whether the catalogue knows a key."""
    return key in TEXT


def sentence_for(code: str, **values: object) -> str:
    """Return the sentence for a code of the API, for codes of tomorrow a general one."""
    return t(f"api.{code}" if has_text(f"api.{code}") else "api.unknown", **values)


def field_sentence(name: str, code: str) -> str:
    """Return what to say beside a field that the API refuses: of this field and code, of the code, or of the field."""
    field = name.removeprefix("new_").removeprefix("current_")
    keys = (f"invalid.{field}.{code}", f"invalid.{code}", f"invalid.{field}", "invalid.other")
    return t(next(key for key in keys if has_text(key)))
