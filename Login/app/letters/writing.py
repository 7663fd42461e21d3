"""Writing a letter in somebody's language."""

import re
from collections.abc import Mapping

from app.letters.brand import NAME
from app.letters.catalogue import CATALOGUE, HELLO, HELLO_NAME, SIGNATURE, YOUR_PHRASE
from app.letters.letter import Letter, Paragraph, Role
from app.letters.speech import ENGLISH, Speech

LABEL = "label"  # what a value is called that follows, and a link
FACT = "fact"  # what happened, in a few words
VALUE = re.compile(r"\{\w+\}")


def write_letter(
    kind: str,
    to: str,
    facts: Mapping[str, object],
    *,
    name: str | None,
    phrase: str | None,
    speech: Speech = ENGLISH,
) -> Letter:
    """Write a mail of this kind, with the person's name and own phrase if they are to stand in it."""
    subject, parts = CATALOGUE[kind]
    greeting = [Paragraph(speech.say(HELLO_NAME).format(name=name) if name else speech.say(HELLO))]
    if phrase:
        greeting.append(Paragraph(f"{speech.say(YOUR_PHRASE, LABEL)}: {phrase}", Role.PHRASE))
    known = {"service": NAME, **facts}
    said = [say_part(part, speech) for part in (*parts, Paragraph(SIGNATURE))]
    told = [part._replace(text=part.text.format_map(known)) for part in said]
    return Letter(to, speech.say(subject), [*greeting, *told])


def say_part(part: Paragraph, speech: Speech) -> Paragraph:
    """Say a paragraph before its blanks are filled in."""
    if part.label:
        return part._replace(label=speech.say(part.label, LABEL))
    if part.role is Role.FACTS:
        return part._replace(text="\n".join(_say_fact(row, speech) for row in part.text.split("\n")))
    return part._replace(text=speech.say(part.text))


def _say_fact(row: str, speech: Speech) -> str:
    label, _, value = row.partition(": ")
    return f"{speech.say(label, LABEL)}: {value if VALUE.fullmatch(value) else speech.say(value, FACT)}"
