"""What an action tells once it is done: on the page it leads to, beside what it changed, where a phone shows it."""

from collections.abc import Iterable, Iterator
from typing import cast

from flask import flash, get_flashed_messages, redirect, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.messages import t


def tell(key: str, kind: str = "done", place: str = "") -> None:
    """Keep a sentence for the next page: for one of its parts, or for its top; only keys travel in the cookie."""
    flash(key, f"{kind} {place}".strip())


def tell_at(endpoint: str, place: str, key: str, kind: str = "done") -> ResponseReturnValue:
    """Lead to a page, and tell it in one of its parts: the focus goes to the sentence, and the page scrolls with it."""
    tell(key, kind, place)
    return redirect(url_for(endpoint))


def told_at(place: str) -> list[tuple[str, str]]:
    """Return what belongs to this part of the page, as kind and sentence."""
    return [(kind, sentence) for kind, there, sentence in _told() if there == place]


def told_above(places: Iterable[str]) -> list[tuple[str, str]]:
    """Return what belongs to none of the page's parts: nothing is lost when an action leads elsewhere after all."""
    return [(kind, sentence) for kind, there, sentence in _told() if there not in places]


def _told() -> Iterator[tuple[str, str, str]]:
    for category, key in cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True)):
        kind, _, place = category.partition(" ")
        yield kind, place, t(key)
