"""Every sentence of the mails, as translators get it: found by writing each mail to somebody who notes what is said."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.languages.known import SOURCE
from app.letters import places
from app.letters.catalogue import CATALOGUE, HELLO, HELLO_NAME, SIGNATURE, YOUR_PHRASE
from app.letters.letter import MANY_MORE, ONE_MORE, Paragraph
from app.letters.moments import MOMENT
from app.letters.speech import Speech
from app.letters.writing import FACT, LABEL, say_part

Sentence = tuple[str | tuple[str, str], str | None, list[str]]

NOTES = {
    HELLO: "Begins a mail to somebody whose name we do not say.",
    HELLO_NAME: "Begins a mail.",
    YOUR_PHRASE: "A label; a colon and the person's own phrase follow.",
    SIGNATURE: "Ends every mail. {service}: the name of the site.",
    ONE_MORE: "In a mail that tells of a change.",
    MOMENT: "A date and a time.",
    places.UNKNOWN: "Stands after the label 'Where'.",
    places.OPERATOR: "Stands after the label 'Where'.",
    places.NEAR: "What is at an IP address; stands in brackets behind it.",
    places.PRIVATE: "What is at an IP address; stands in brackets behind it.",
    places.ON: "{program}: a browser; {system}: an operating system. As in 'Firefox on Linux'.",
}
KINDS_OF_NOTES = {LABEL: "A label or a link; no colon.", FACT: "Stands after the label 'What'."}


@dataclass(frozen=True)
class _Listener(Speech):
    """Says nothing, and notes what was asked for."""

    kind: str = ""
    heard: list[Sentence] = field(default_factory=list)

    def say(self, text: str, context: str = "") -> str:
        """Note a text."""
        notes = [self.kind if context != LABEL else "", KINDS_OF_NOTES.get(context), NOTES.get(text)]
        self.heard.append((text, context or None, [note for note in notes if note]))
        return text

    def count(self, one: str, many: str, count: int) -> str:
        """Note its forms."""
        self.heard.append(((one, many), None, [NOTES[one]]))
        return super().count(one, many, count)


def list_sentences() -> Iterator[Sentence]:
    """Return each text, or its forms for one and for many; the context that tells it from its likes; notes on it."""
    for kind, (subject, parts) in CATALOGUE.items():
        listener = _Listener(SOURCE, kind)
        listener.say(subject)
        for part in parts:
            say_part(part, listener)
        yield from listener.heard
    yield from _list_frame()


def _list_frame() -> Iterator[Sentence]:
    listener = _Listener(SOURCE)
    say_part(Paragraph(SIGNATURE), listener)
    listener.say(YOUR_PHRASE, LABEL)
    listener.count(ONE_MORE, MANY_MORE, 1)
    for text in (HELLO, HELLO_NAME, MOMENT, *places.WORDS):
        listener.say(text)
    yield from listener.heard
