"""Where a server's log goes wrong: its reader gone, asleep, or its disk full."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Sink = Literal["closed", "stuck", "full"]


@contextmanager
def broken_sink(path: Path, kind: Sink) -> Iterator[Callable[[], None]]:
    """Put such a sink where a server will write, and give a function that lets its reader go, if that is its fault."""
    if kind == "full":
        path.symlink_to("/dev/full")
        yield lambda: None
        return
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield lambda: os.close(reader) if kind == "closed" else None
    with suppress(OSError):  # it is gone already
        os.close(reader)
