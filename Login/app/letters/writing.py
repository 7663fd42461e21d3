"""Writing a letter in somebody's language."""

import re
from collections.abc import Mapping

from app.letters.brand import NAME
from app.letters.catalogue import CATALOGUE, HELLO, HELLO_NAME, SIGNATURE, YOUR_PHRASE
from app.letters.letter import Letter, Paragraph, Role
from app.letters.service_names import isolate
from app.letters.speech import ENGLISH, Speech

LABEL = "label"  # what a value is called that follows, and a link
FACT = "fact"  # what happened, in a few words
LINK = "_link"  # what the names of addresses end with, which stand alone and are copied
VALUE = re.compile(r"\{\w+\}")


def write_letter(  # noqa: PLR0913 all that a mail is made of
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
    direction = speech.language.direction
    hello = speech.say(HELLO_NAME).format(name=isolate(name, direction)) if name else speech.say(HELLO)
    greeting = [Paragraph(hello)]
    if phrase:
        label = speech.say(YOUR_PHRASE, LABEL)
        greeting.append(Paragraph(f"{label}: {isolate(phrase, direction)}", Role.PHRASE))
    known = {"service": NAME, **facts}
    known = {key: fact if key.endswith(LINK) else isolate(str(fact), direction) for key, fact in known.items()}
    said = [say_part(part, speech) for part in (*parts, Paragraph(SIGNATURE))]
    told = [part._replace(text=part.text.format_map(known)) for part in said]
    return Letter(to, speech.say(subject), [*greeting, *told], language=speech.language)


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
