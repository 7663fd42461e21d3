"""What makes a secret key unfit to sign cookies."""

SHORTEST = 32
FEWEST_DIFFERENT = 5
SAMPLES = ("changeme", "change-me", "change_me", "replace-me", "replace_me", "your-secret", "your_secret", "example")


def weakness_of(key: str) -> str | None:
    """Say what is wrong with a key, as the end of a sentence, or None."""
    if any(sample in key.lower() for sample in SAMPLES):
        return "is a sample"
    if len(key.encode()) < SHORTEST:
        return f"is shorter than {SHORTEST} bytes"
    if len(set(key)) < FEWEST_DIFFERENT:
        return "repeats the same few characters"
    return None
