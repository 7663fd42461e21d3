"""How the command loads what it needs, which takes the longest part of a short run; it imports nothing of ours."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # what a shell reports for Ctrl-C
WITHOUT_LOGIN = "The folder CreateDB needs Login beside it, whose tables and settings it shares: copy both."


@contextmanager
def loading() -> Iterator[None]:
    """Import within this: what is missing, or Ctrl-C, ends the run without a trace."""
    try:
        with _without_collection():
            yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)  # there is nobody yet to say it nicely, and nothing to finish
    except ModuleNotFoundError as missing:
        is_ours = (missing.name or "").partition(".")[0] in {"app", "CreateDB"}
        told = f"{missing.name} is not installed. Run: pip install -r CreateDB/requirements.txt"
        sys.exit(f"Error: {WITHOUT_LOGIN if is_ours else told}")


@contextmanager
def _without_collection() -> Iterator[None]:
    """Look for no garbage meanwhile: what is loaded stays, and to look through it again and again takes a while."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
