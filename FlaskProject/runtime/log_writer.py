"""Writes log lines from a thread of its own: no page ever waits for a stdout that nobody reads."""

import logging
import os
import sys
import time
from collections import deque
from contextlib import suppress
from threading import Event, Thread

QUEUE_MAX = 10_000  # lines that wait


class BackgroundStdout(logging.Handler):
    """Hands lines to the thread that writes to whatever stdout is by then; one that is stuck or closed costs lines."""

    def __init__(self) -> None:
        """Start with nothing to write, and without the thread."""
        super().__init__()
        self._lines: deque[str] = deque()
        self._waiting = Event()
        self._writer: Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or drop it when too many wait."""
        if not self._is_writing():
            self._start()
        if len(self._lines) < QUEUE_MAX:
            self._lines.append(self.format(record))
            self._waiting.set()

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until all is written, but no longer than `timeout` seconds."""
        end = time.monotonic() + timeout
        while self._lines and self._is_writing() and time.monotonic() < end:
            time.sleep(0.002)

    def _is_writing(self) -> bool:
        return self._writer is not None and self._writer.is_alive()

    def _start(self) -> None:
        # Here and not before: a server that forks its workers leaves every thread, and what waits for it, behind.
        self._lines, self._waiting = deque(), Event()
        self._writer = Thread(target=_write_all, args=(self._lines, self._waiting), name="log", daemon=True)
        # Where no thread is to be had, the next line tries again.
        with suppress(RuntimeError):
            self._writer.start()


def _write_all(lines: deque[str], waiting: Event) -> None:
    while waiting.wait():
        waiting.clear()
        while lines:
            with suppress(OSError, ValueError):
                _write(f"{lines[0]}\n")
            lines.popleft()


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
