"""A command that the person watches: it gets the terminal, and Ctrl-C is its own to handle."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from devtools import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def run_in_front(command: Sequence[str | Path]) -> int:
    """Run the command to its end and return its status.

    The terminal sends Ctrl-C to the command as well. subprocess.call would kill it a moment later, in the middle of
    stopping the servers that tests have started; a handler that does nothing lets it finish.
    """
    with subprocess.Popen(command, cwd=ROOT) as process:
        before = signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        status = process.wait()
        signal.signal(signal.SIGINT, before)
        return status
