"""Which of the compiled builds this CPU can run."""

import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
# The x86-64 psABI's levels by the names that Linux gives the flags, the fastest first.
V2 = frozenset({"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"})
V3 = V2 | {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
LEVELS = {"x86-64-v3": V3, "x86-64-v2": V2}


def pick_level(builds: Path, cpu_info: Path = CPU_INFO) -> Path | None:
    """Return the folder of the fastest build that is there and runs here; None means the packaged one."""
    if platform.machine() != "x86_64":
        return None
    flags = read_flags(cpu_info)
    fitting = [builds / level for level, needed in LEVELS.items() if needed <= flags]
    return next((folder for folder in fitting if folder.is_dir()), None)


def read_flags(cpu_info: Path) -> set[str]:
    """Return what the kernel says of the first processor."""
    try:
        lines = cpu_info.read_text().splitlines()
    except OSError:
        return set()
    return set(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())
