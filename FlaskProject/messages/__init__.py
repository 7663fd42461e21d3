"""The one catalogue of everything a person reads, so that a translation has one place to go to."""

from FlaskProject.messages.events import EVENTS
from FlaskProject.messages.fields import FIELDS
from FlaskProject.messages.forward_auth import FORWARD_AUTH
from FlaskProject.messages.pages import PAGES
from FlaskProject.messages.refusals import REFUSALS
from FlaskProject.messages.security import SECURITY

TEXT = {**PAGES, **SECURITY, **EVENTS, **FIELDS, **FORWARD_AUTH, **REFUSALS}


def t(key: str, **values: object) -> str:
    """Return a text with its blanks filled in; an unknown key is a mistake of ours and raises KeyError."""
    text = TEXT[key]
    return text.format(**values) if values else text


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
