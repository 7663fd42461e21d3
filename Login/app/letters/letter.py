"""A letter: what a mail says, and how it waits in the queue."""

import json
from collections.abc import Sequence
from typing import NamedTuple, Self


class Paragraph(NamedTuple):
    """Some lines of text, or an address to open."""

    text: str
    is_link: bool = False


class Letter(NamedTuple):
    """To whom, about what, and what it says."""

    to: str
    subject: str
    paragraphs: Sequence[Paragraph]
    more: int = 0  # changes of the same kind that it speaks of too

    def to_json(self) -> str:
        """Write it as it waits in the queue."""
        return json.dumps(self)

    @property
    def text(self) -> Sequence[Paragraph]:
        """All that it says."""
        if not self.more:
            return self.paragraphs
        changes = "one more change" if self.more == 1 else f"{self.more} more changes"
        return [*self.paragraphs[:-1], Paragraph(f"And {changes} of this kind followed."), *self.paragraphs[-1:]]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it back."""
        to, subject, paragraphs, *more = json.loads(text)
        return cls(to, subject, [Paragraph(*paragraph) for paragraph in paragraphs], *more)
