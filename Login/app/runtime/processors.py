"""How many processors this process may really use."""

import math
import os
import sys
from pathlib import Path

from app.runtime.memory import find_memory_limit

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Count the cores granted by affinity and by the quotas of container and service, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, *map(_quota, _own_groups())))


def _own_groups() -> list[Path]:
    """Return the folders of this process' cgroups (v2), from the whole machine or container inwards."""
    try:
        lines = MEMBERSHIP.read_text().splitlines()
    except OSError:
        return [CGROUPS]
    own = next((line.removeprefix("0::").strip("/") for line in lines if line.startswith("0::")), "")
    inner = CGROUPS / own
    return [CGROUPS, *(group for group in (inner, *inner.parents) if CGROUPS in group.parents)]


def _quota(group: Path) -> int:
    try:
        quota, period = (group / "cpu.max").read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such group here, or "max": no limit
        return sys.maxsize


def count_workers() -> int:
    """Read how many processes of the API are announced for this machine."""
    announced = os.environ.get("WEB_CONCURRENCY", "")
    return max(1, int(announced)) if announced.isdecimal() else 1


def default_hash_threads(memory_kib: int) -> int:
    """Share the usable cores between the workers that WEB_CONCURRENCY announces, at least 1 each.

    All together never take more than half of the memory: a container of many cores would be killed by a storm of
    sign-ins, with everybody who is signed in.
    """
    limit = find_memory_limit() or sys.maxsize
    at_once = min(usable_cores(), limit // 2 // (memory_kib * 1024))
    return max(1, at_once // count_workers())
