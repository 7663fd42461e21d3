"""JSON lines on stdout: one for each request, and one for each event of an authentication."""

import json
import logging
import sys
import threading
import time
from collections import deque
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

QUEUE_MAX = 10_000  # lines that wait
GATHER = 0.02  # seconds in which lines come together: to wake the writer for each would change threads at every call

events = logging.getLogger("app.events")
# Of the request that is being served, on the database's threads too: its id and its client, for every line about it.
request_facts: ContextVar[dict[str, str]] = ContextVar("request_facts", default={})  # noqa: B039 nobody changes it


def log_event(name: str, outcome: str, **fields: object) -> None:
    """Record an authentication event under its stable name; never pass what somebody typed."""
    events.info(name, extra={"event": {"outcome": outcome, **fields}})


_encode = json.JSONEncoder(default=str).encode


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
        return _encode(line)


class BackgroundHandler(logging.Handler):
    """Writes from a thread of its own and drops lines when the sink is stuck, so that no login ever waits for a log."""

    def __init__(self, stream: TextIO) -> None:
        """Start writing to `stream`."""
        super().__init__()
        self.setFormatter(JsonFormatter())
        self._stream = stream
        self._lines: deque[str] = deque()
        self._waiting = threading.Event()
        self.dropped = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or count it as dropped."""
        if len(self._lines) >= QUEUE_MAX:
            self.dropped += 1
            return
        self._lines.append(self.format(record))
        if not self._waiting.is_set():
            self._waiting.set()

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until all is written, but no longer than `timeout` seconds."""
        end = time.monotonic() + timeout
        while (self._lines or self._waiting.is_set()) and time.monotonic() < end:
            time.sleep(0.005)

    def _write(self) -> None:
        while self._waiting.wait():
            time.sleep(GATHER)
            ready = [self._lines.popleft() for _ in range(len(self._lines))]
            try:
                self._stream.write("".join(f"{line}\n" for line in ready))
                self._stream.flush()
            except (OSError, ValueError):  # a closed pipe or a full disk must not end the logging for good
                self.dropped += len(ready)
            self._rest()

    def _rest(self) -> None:
        """Sleep until the next line; one that came just now keeps us awake."""
        self._waiting.clear()
        if self._lines:
            self._waiting.set()


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
