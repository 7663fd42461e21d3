"""What dev.py does, in the standard library only: it runs before anything is installed."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def say(text: str) -> None:
    """Tell the person at the terminal, at once also through a pipe."""
    print(text, flush=True)
