"""How many processors this process may really use."""

import math
import os
import sys
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Count the cores granted by affinity and by the container's quota, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _quota()))


def _quota() -> int:
    try:
        quota, period = CGROUP_QUOTA.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no cgroup v2 here, or "max": no limit
        return sys.maxsize


def default_hash_threads() -> int:
    """Share the usable cores between the workers that WEB_CONCURRENCY announces, at least 1 each."""
    announced = os.environ.get("WEB_CONCURRENCY", "")
    return max(1, usable_cores() // max(1, int(announced) if announced.isdecimal() else 1))
