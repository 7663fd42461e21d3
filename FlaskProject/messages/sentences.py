"""Every sentence of the pages, as translators get it."""

from collections.abc import Iterator

from FlaskProject.messages import ONE, TEXT
from FlaskProject.messages.notes import AMBIGUOUS, notes_for

Sentence = tuple[str | tuple[str, str], str | None, list[str]]


def list_texts() -> Iterator[Sentence]:
    """Return each text, or its forms for one and for many; the context that tells it from its likes; notes on it."""
    for key, text in TEXT.items():
        if not key.endswith(ONE):
            one = TEXT.get(key + ONE)
            yield (one, text) if one else text, key if key in AMBIGUOUS else None, [key, *notes_for(key)]
