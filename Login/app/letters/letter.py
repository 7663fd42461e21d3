"""A letter: what a mail says, and how it waits in the queue."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Self

from app.languages.known import KNOWN, SOURCE, Language
from app.letters.speech import Speech

ONE_MORE = "And {count} more change of this kind followed."
MANY_MORE = "And {count} more changes of this kind followed."


class Role(StrEnum):
    """What a paragraph is for, which decides how it looks."""

    TEXT = "text"
    PHRASE = "phrase"  # a label and the person's own words
    FACTS = "facts"  # a label and a value on each line
    ACTION = "action"  # the address that the mail is about
    ASIDE = "aside"  # what to do if it was somebody else, and the address for that


class Paragraph(NamedTuple):
    """Some lines of text; or, where it has a label, an address to open."""

    text: str
    role: Role = Role.TEXT
    label: str = ""


class Letter(NamedTuple):
    """To whom, about what, and what it says: the last paragraph signs it."""

    to: str
    subject: str
    paragraphs: Sequence[Paragraph]
    more: int = 0  # changes of the same kind that it speaks of too
    language: Language = SOURCE

    def to_json(self) -> str:
        """Write it as it waits in the queue."""
        *body, signature = self.paragraphs
        stored = [*map(_store, body), _store(signature, "" if self.language is SOURCE else self.language.tag)]
        return json.dumps([self.to, self.subject, stored, self.more])

    @property
    def text(self) -> Sequence[Paragraph]:
        """All that it says."""
        if not self.more:
            return self.paragraphs
        roles = [paragraph.role for paragraph in self.paragraphs]
        place = roles.index(Role.FACTS) + 1 if Role.FACTS in roles else len(roles) - 1
        more = Paragraph(Speech(self.language).count(ONE_MORE, MANY_MORE, self.more))
        return [*self.paragraphs[:place], more, *self.paragraphs[place:]]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it back."""
        to, subject, paragraphs, more = [*json.loads(text), 0][:4]
        language = KNOWN.get(_find_tag(paragraphs[-1]), SOURCE)
        return cls(to, subject, [_restore(paragraph) for paragraph in paragraphs], more, language)


# During an upgrade workers of either version meet rows of the other. The former one wrote [text, is it a link?], and
# reads whatever unpacks into that: of an object its key, and any second part that is not empty as a link. The language
# stands in the last paragraph, behind what the version that knows none reads of it.


def _store(paragraph: Paragraph, tag: str = "") -> object:
    text, role, label = paragraph
    if tag:
        return [text, [role, label], tag]
    return [text, [role, label]] if label else {text: role}


def _find_tag(stored: list[object] | dict[str, str]) -> str:
    return str(stored[2]) if isinstance(stored, list) and stored[2:] else ""


def _restore(stored: list[object] | dict[str, str]) -> Paragraph:
    if isinstance(stored, dict):
        [(text, role)] = stored.items()
        return Paragraph(text, Role(role))
    text, link = str(stored[0]), stored[1]
    if isinstance(link, list):
        return Paragraph(text, Role(link[0]), link[1])
    return Paragraph(text, label="Open this page" if link else "")
