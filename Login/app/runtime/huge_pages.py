"""Huge pages for password hashes: Linux grants them to whoever asks, and glibc asks if told so before the start."""

import os
import platform
import sys
from pathlib import Path

GRANTED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
TUNABLE = "glibc.malloc.hugetlb=1"


def are_for_who_asks(granted: Path = GRANTED) -> bool:
    """Whether this machine grants huge pages, but to nobody who does not ask."""
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    return granted.is_file() and "[madvise]" in granted.read_text(encoding="ascii")


def are_asked_for() -> bool:
    """Whether this process was started with the setting of glibc's that asks for them."""
    return TUNABLE.partition("=")[0] in os.environ.get("GLIBC_TUNABLES", "")
