"""Writes log lines from a thread of its own: no page ever waits for a stdout that nobody reads."""

import logging
import os
import sys
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Thread

QUEUE_MAX = 10_000  # lines that wait


class BackgroundStdout(logging.Handler):
    """Hands lines to the thread that writes to whatever stdout is by then; one that is stuck or closed costs lines."""

    def __init__(self) -> None:
        """Start with nothing to write, and without the thread."""
        super().__init__()
        self._lines: SimpleQueue[str | Event] = SimpleQueue()
        self._writer: Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or drop it when too many wait."""
        if not self._is_writing():
            self._start()
        if self._lines.qsize() < QUEUE_MAX:
            self._lines.put(self.format(record))

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until all is written, but no longer than `timeout` seconds."""
        if self._is_writing():
            written = Event()
            self._lines.put(written)
            written.wait(timeout)

    def _is_writing(self) -> bool:
        return self._writer is not None and self._writer.is_alive()

    def _start(self) -> None:
        # Here and not before: a server that forks its workers leaves every thread, and what waits for it, behind.
        self._lines = SimpleQueue()
        self._writer = Thread(target=_write_all, args=(self._lines,), name="log", daemon=True)
        # Where no thread is to be had, the next line tries again.
        with suppress(RuntimeError):
            self._writer.start()


def _write_all(lines: SimpleQueue[str | Event]) -> None:
    while True:
        line = lines.get()
        if isinstance(line, Event):
            line.set()
        else:
            with suppress(OSError, ValueError):
                _write(f"{line}\n")


def _write(text: str) -> None:
    """Write past the buffer of stdout, whose lock a stuck write would keep from the interpreter's last flush."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        print(text, end="", file=sys.stdout, flush=True)  # noqa: T201 stdout is the log
        return
    rest = text.encode()
    while rest:
        rest = rest[os.write(descriptor, rest) :]
