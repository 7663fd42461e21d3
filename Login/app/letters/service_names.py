"""What a service may be called, and how its name stands in a sentence; the pages have the same rules."""

import unicodedata

LONGEST = 40  # characters
RIGHT_TO_LEFT, LEFT_TO_RIGHT = {"R", "AL"}, {"L"}  # Unicode's classes of direction


def parse_name(value: str) -> str:
    """Return a name as it is shown; ValueError for what mails, authenticator apps or people would read wrongly."""
    name = unicodedata.normalize("NFC", value.strip())
    if not 1 <= len(name) <= LONGEST:
        raise ValueError(f"must have 1 to {LONGEST} characters")
    if not name.isprintable():
        raise ValueError("must have no control characters, nothing invisible, and nothing that turns its direction")
    if ":" in name or "=?" in name:
        raise ValueError("must have no colon, which ends a name in authenticator apps, and no =?, which mails decode")
    return name


def isolate(name: str, direction: str = "ltr") -> str:
    """Return a name that turns nothing beside it: one against the direction in isolates, where no markup can be."""
    other = RIGHT_TO_LEFT if direction == "ltr" else LEFT_TO_RIGHT
    turns = any(unicodedata.bidirectional(character) in other for character in name)
    return f"\u2068{name}\u2069" if turns else name
