"""What makes a secret key unfit to sign cookies; the API judges its own by the same rules."""

import re

SHORTEST = 32
FEWEST_DIFFERENT = 10
SAMPLE = re.compile(
    "change|replace|secret|password|example|sample|insecure|default|placeholder|keyboard|qwerty|123456|abcdef|your[-_]",
    re.IGNORECASE,
)


def weakness_of(key: str) -> str | None:
    """Say what is wrong with a key, as the end of a sentence, or None."""
    if SAMPLE.search(key):
        return "looks like a sample"
    if len(key.encode()) < SHORTEST:
        return f"is shorter than {SHORTEST} bytes"
    if len(set(key)) < FEWEST_DIFFERENT:
        return "repeats the same few characters"
    return None
