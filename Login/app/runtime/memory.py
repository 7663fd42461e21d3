"""How much memory this process may use."""

import os
from contextlib import suppress
from pathlib import Path

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def find_memory_limit() -> int | None:
    """Return the bytes that this process may use: the container's limit or the machine's memory, None if unknown."""
    limits = []
    for path in CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # not Linux, or "max": no limit
            limits.append(int(Path(path).read_text()))
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(limits, default=None)
