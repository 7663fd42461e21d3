"""How the command speaks: a line for each step, tables for lists, one line for an error."""

import atexit
import gc
import io
import logging
import os
import re
import sys
from collections.abc import Iterable, Sequence

GAP = 2  # blanks between columns


def say(line: str) -> None:
    """Tell the operator of a step, at once."""
    _write(one_line(line))


def show(lines: Iterable[str]) -> bool:
    """Print lines as they are laid out, without what could pass for a line of ours or steer the terminal.

    It stops and returns False once nobody listens any more: there may be millions.
    """
    return all(_write(_make_printable(line)) for line in lines)


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows out in columns."""
    widths = [max(map(len, column)) + GAP for column in zip(*rows, strict=True)]
    return ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def count(number: int, what: str, more: str = "s") -> str:
    """Count things in words: one of them, or several."""
    return f"{number} {what}{'' if number == 1 else more}"


def fail(line: str) -> int:
    """Tell the operator why it ended."""
    sys.stderr.write(f"Error: {one_line(line)}\n")
    return 1


def one_line(text: str) -> str:
    """Fold line breaks and control characters, which could pass for lines of our own."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())


def _make_printable(line: str) -> str:
    return line if line.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _write(line: str) -> bool:
    """Print a line, and return whether somebody listens."""
    try:
        print(line, flush=True)  # noqa: T201 a command line speaks here
    except BrokenPipeError:  # the listener has left (`| head`); a half-done migration is no reason to leave too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def prepare_process() -> None:
    """Let any name be printed on any terminal, keep logging from printing traces, and let the process end at once."""
    atexit.register(gc.freeze)  # what ends with the process need not be looked through for garbage once more
    logging.raiseExceptions = False
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())
    logging.getLogger("sqlalchemy.pool").propagate = False
