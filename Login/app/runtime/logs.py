"""JSON lines on stdout: one for each request, and one for each event of an authentication."""

import json
import logging
import sys
import threading
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any, TextIO

QUEUE_MAX = 10_000  # lines that wait

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
        line |= {"message": record.getMessage(), **getattr(record, "event", {}), **request_facts.get()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class BackgroundHandler(logging.Handler):
    """Writes from a thread of its own and drops lines when the sink is stuck, so that no login ever waits for a log."""

    def __init__(self, stream: TextIO) -> None:
        """Start writing to `stream`."""
        super().__init__()
        self.setFormatter(JsonFormatter())
        self._stream = stream
        self._lines: SimpleQueue[str | threading.Event] = SimpleQueue()
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or drop it when too many wait."""
        if self._lines.qsize() < QUEUE_MAX:
            self._lines.put(self.format(record))

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until all is written, but no longer than `timeout` seconds."""
        written = threading.Event()
        self._lines.put(written)
        written.wait(timeout)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            if isinstance(line, threading.Event):
                line.set()
                continue
            with suppress(OSError, ValueError):  # a closed pipe or a full disk must not end the logging for good
                self._stream.write(f"{line}\n")
                self._stream.flush()


def set_up_logging() -> None:
    """Send all records to stdout as JSON, once a process, and silence uvicorn's own access log."""
    root = logging.getLogger()
    if any(isinstance(handler, BackgroundHandler) for handler in root.handlers):
        return
    root.addHandler(BackgroundHandler(sys.stdout))
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"
    # With a handler of its own, SQL_ECHO brings no second one that writes plain text and waits for a stuck stdout.
    logging.getLogger("sqlalchemy.engine.Engine").addHandler(logging.NullHandler())
