"""The tags of the languages (BCP 47), and which of them a header asks for; the pages know the same."""

from collections.abc import Iterator
from typing import Literal

Tag = Literal["en", "de", "fr", "es", "pt-BR", "it", "pl", "uk", "ar", "ja"]

TAGS: tuple[Tag, ...] = ("en", "de", "fr", "es", "pt-BR", "it", "pl", "uk", "ar", "ja")
_BY_LANGUAGE = {tag.partition("-")[0]: tag for tag in TAGS}  # there is one of each, whatever the region
LONGEST_HEADER = 1000  # characters; browsers send fewer than 100


def negotiate(header: str) -> Tag | None:
    """Return the first of them that an Accept-Language asks for (RFC 9110, section 12.5.4), if it asks for any."""
    wanted = sorted(_read(header[:LONGEST_HEADER]), key=lambda each: -each[1])  # of equals, the first stays first
    return next((_BY_LANGUAGE[language] for language, weight in wanted if weight > 0), None)


def _read(header: str) -> Iterator[tuple[str, float]]:
    """Return the languages that we have with their weights; whatever makes no sense is not there."""
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        name, _, weight = parameter.strip().partition("=")
        if language in _BY_LANGUAGE and name.lower() in {"", "q"}:
            yield language, _weigh(weight) if name else 1.0


def _weigh(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0  # NaN is neither
