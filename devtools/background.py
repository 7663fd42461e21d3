"""A command whose output is read: apart from the terminal's Ctrl-C, so that it ends without a word of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

LAST_LINES = 15


def apart() -> dict[str, int | bool]:
    """Return what gives a child process a group of its own, which Ctrl-C at the terminal does not reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def kill_group(process: subprocess.Popen[str]) -> None:
    """End the process, and on POSIX every process that it started."""
    if sys.platform == "win32":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def run(
    command: Sequence[str | Path],
    follow: Callable[[Iterable[str]], Iterator[str]] = iter,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run the command to its end; return its status and last lines. Whatever interrupts us ends it too, at once."""
    with start(command, environment) as process:
        try:
            tail = deque(follow(process.stdout or []), maxlen=LAST_LINES)
        except BaseException:
            kill_group(process)
            raise
    return process.returncode, "".join(tail)


def start(
    command: Sequence[str | Path], environment: Mapping[str, str] | None, **more: object
) -> subprocess.Popen[str]:
    """Start a command in a group of its own, with its output in a pipe."""
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        **apart(),
        **more,
    )
