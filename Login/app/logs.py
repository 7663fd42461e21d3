"""JSON lines on stdout: one for each request, and one for each event of an authentication."""

import json
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

QUEUE_MAX = 10_000  # lines
MOMENT = 0.02  # seconds
ENCODE = json.JSONEncoder(default=str).encode  # kept: json.dumps would make one for each line

events = logging.getLogger("app.events")
# Of the request that is being served, on the database's threads too: its id and its client, for every line about it.
request_facts: ContextVar[dict[str, str]] = ContextVar("request_facts", default={})  # noqa: B039 nobody changes it


def log_event(name: str, outcome: str, **fields: object) -> None:
    """Record an authentication event under its stable name; never pass what somebody typed."""
    events.info(name, extra={"event": {"outcome": outcome, **fields}})


class JsonFormatter(logging.Formatter):
    """One line a record; JSON's escapes keep a newline in any value from forging another."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, name and message, what the record carries as `event`, and whose request it is about."""
        time_ = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time_, "level": record.levelname.lower(), "logger": record.name}
        line |= {"message": record.getMessage(), **getattr(record, "event", {})}
        line |= request_facts.get()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return ENCODE(line)


class BackgroundHandler(logging.Handler):
    """Writes from a thread of its own and drops lines when the sink is stuck, so that no login ever waits for a log.

    What is logged within a moment is written together: to wake the thread for each line would cost more than the line.
    """

    def __init__(self, stream: TextIO) -> None:
        """Start writing to `stream`."""
        super().__init__()
        self.setFormatter(JsonFormatter())
        self._stream = stream
        self._lines: deque[str] = deque()
        self._filled = threading.Event()
        self._writing = False
        self.dropped = 0
        threading.Thread(target=self._write_forever, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or count it as dropped."""
        if len(self._lines) >= QUEUE_MAX:
            self.dropped += 1
            return
        self._lines.append(self.format(record))
        if not self._filled.is_set():
            self._filled.set()

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until all is written, but no longer than `timeout` seconds."""
        end = time.monotonic() + timeout
        while (self._lines or self._writing) and time.monotonic() < end:
            time.sleep(0.005)

    def _write_forever(self) -> None:
        while True:
            self._filled.wait()
            time.sleep(MOMENT)
            self._writing = True
            self._filled.clear()
            self._write([self._lines.popleft() for _ in range(len(self._lines))])
            self._writing = False

    def _write(self, lines: Sequence[str]) -> None:
        try:
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()
        except (OSError, ValueError):  # a closed pipe or a full disk must not end the logging for good
            self.dropped += len(lines)


def flush_logs() -> None:
    """Wait until what was logged is written: a server that ends by a signal runs nothing afterwards."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def set_up_logging(stream: TextIO | None = None) -> None:
    """Send all records to stdout as JSON, once a process, and silence uvicorn's own access log."""
    root = logging.getLogger()
    if any(isinstance(handler, BackgroundHandler) for handler in root.handlers):
        return
    root.addHandler(BackgroundHandler(stream or sys.stdout))
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"
    # With a handler of its own, SQL_ECHO brings no second one that writes plain text and waits for a stuck stdout.
    logging.getLogger("sqlalchemy.engine.Engine").addHandler(logging.NullHandler())
