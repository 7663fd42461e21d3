"""A taken port is named together with the process that holds it."""

from __future__ import annotations

import argparse
import contextlib
import csv
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

HOST = "127.0.0.1"
PROC = Path("/proc")
LISTENING = "0A"
LAST = 65535


def port(text: str) -> int:
    """Read a port from the command line."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= LAST:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {LAST}")
    return int(text)


def refuse_if_taken(port: int, flag: str) -> None:
    """End with a sentence that says who has the port and how to take another."""
    if is_taken(port):
        owner = holder(port) or "another program (this account may not see which)"
        raise SystemExit(f"Port {port} is taken by {owner}. Stop it, or choose another port with {flag}.")


def is_taken(port: int) -> bool:
    """Tell whether somebody listens; on macOS a bind beside a wildcard listener would succeed, so knock first."""
    with socket.socket() as knocking:
        knocking.settimeout(1)
        if knocking.connect_ex((HOST, port)) == 0:
            return True
    with socket.socket() as binding:
        if sys.platform != "win32":
            binding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return not can_bind(binding, port)


def can_bind(binding: socket.socket, port: int) -> bool:
    """Tell whether the port is to be had."""
    try:
        binding.bind((HOST, port))
    except OSError:
        return False
    return True


def holder(port: int) -> str | None:
    """Return "name (process 123)" of who listens, where the system tells."""
    if sys.platform == "linux":
        return linux_holder(port)
    if sys.platform == "win32":
        return windows_holder(port)
    return lsof_holder(port)


def linux_holder(port: int) -> str | None:
    """Find the listening socket's inode, then the process that has it open."""
    sockets = {f"socket:[{inode}]" for inode in listening_inodes(port)}
    for process in PROC.glob("[0-9]*"):
        if sockets & open_files(process):
            return f"{linux_name(process)} (process {process.name})"
    return None


def listening_inodes(port: int) -> list[str]:
    """Return the inodes of the sockets that listen on the port."""
    tables = [PROC / "net" / name for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return [line[9] for line in lines if line[3] == LISTENING and int(line[1].rpartition(":")[2], 16) == port]


def open_files(process: Path) -> set[str]:
    """Return what a process has open; nothing when it is not ours to see, or has just ended."""
    try:
        return {target(descriptor) for descriptor in (process / "fd").iterdir()}
    except OSError:
        return set()


def target(descriptor: Path) -> str:
    """Return what one descriptor stands for; it may be closed while we look."""
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def linux_name(process: Path) -> str:
    """Return a process's command line, short enough for one sentence."""
    with contextlib.suppress(OSError):
        words = (process / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        return words[:80] or (process / "comm").read_text().strip()
    return "a program"


def lsof_holder(port: int) -> str | None:
    """Ask lsof (macOS has it) for the name and number of who listens."""
    if shutil.which("lsof") is None:
        return None
    fields = output("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc").splitlines()
    known = {field[0]: field[1:] for field in reversed(fields) if field}
    return f"{known.get('c', 'a program')} (process {known['p']})" if "p" in known else None


def windows_holder(port: int) -> str | None:
    """Ask netstat for the number of who listens, and tasklist for its name."""
    for line in output("netstat", "-ano", "-p", "TCP").splitlines():
        words = line.split()
        # The state is a translated word; a listener is known by its peer, which is nobody.
        if len(words) == 5 and words[1].endswith(f":{port}") and words[2].endswith(":0"):  # noqa: PLR2004
            return f"{windows_name(words[4])} (process {words[4]})"
    return None


def windows_name(process: str) -> str:
    """Return the program's name for its number."""
    rows = list(csv.reader(output("tasklist", "/FI", f"PID eq {process}", "/FO", "CSV", "/NH").splitlines()))
    return rows[0][0] if rows and len(rows[0]) > 1 else "a program"


def output(*command: str) -> str:
    """Return what a system tool prints; nothing when it is missing or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
