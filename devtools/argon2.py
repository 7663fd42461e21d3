"""Argon2 built for the CPU at hand: offered where a compiler is, made only when asked for, kept in var/argon2.

The packaged build runs on any x86-64 and takes about twice the time for the same hash. What is built here, of the
locked source with -march=native, may run on this kind of CPU only: the images bring portable builds instead. Linux,
and a C compiler with Python's headers (Debian: gcc libc6-dev python3-dev), are needed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from devtools import ROOT, environment, say

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = ROOT / "var" / "argon2"
BUILT_FOR = TARGET / "built-for"
PACKAGE = "argon2-cffi-bindings=="
FLAGS = "-O3 -march=native"
HUGE_PAGES = "glibc.malloc.hugetlb=1"
OFFER = "  Faster  password hashes take half the time with: python3 dev.py argon2  (compiles Argon2 for this CPU)\n"
ROUNDS = 3
CPU = re.compile(r"^(?:model name|flags|Features)\s*:.*$", re.MULTILINE)
MEASURE = """
import os, time
from concurrent.futures import ThreadPoolExecutor
from argon2 import PasswordHasher
hasher, cores = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4), len(os.sched_getaffinity(0))
stored, end = hasher.hash("blue herons at dawn"), time.perf_counter() + 2
def work(_):
    count = 0
    while time.perf_counter() < end:
        count += hasher.verify(stored, "blue herons at dawn")
    return count
with ThreadPoolExecutor(cores) as threads:
    print(sum(threads.map(work, range(cores))) / 2)
"""


def offer() -> str:
    """Return the line that offers the build, where it can be made and has not been."""
    return OFFER if is_possible() and not is_kept() else ""


def is_possible() -> bool:
    """Tell whether what compiles is there."""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return sys.platform == "linux" and shutil.which("cc") is not None and header.exists()


def is_kept() -> bool:
    """Tell whether there is a build for this source, this Python and this CPU: a folder may have been moved."""
    return BUILT_FOR.is_file() and BUILT_FOR.read_text(encoding="utf-8") == fingerprint()


def fingerprint() -> str:
    """Return what a build depends on, as one word."""
    cpu = sorted(set(CPU.findall(Path("/proc/cpuinfo").read_text(encoding="utf-8"))))
    parts = [pick(PACKAGE, environment.RUN_LOCK), environment.HERE, FLAGS, *cpu]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def settings() -> dict[str, str]:
    """Return the environment in which the API's password hashes take the least time here."""
    if sys.platform != "linux":
        return {}
    built = {"PYTHONPATH": os.pathsep.join(filter(None, [str(TARGET), os.environ.get("PYTHONPATH")]))}
    pages = {} if os.environ.get("GLIBC_TUNABLES") else {"GLIBC_TUNABLES": HUGE_PAGES}
    return {**pages, **(built if is_kept() else {})}


def build_and_measure(_arguments: Sequence[str]) -> int:
    """Build, measure, and say what it brings; from then on dev.py starts the API with it."""
    if sys.platform != "linux":
        raise SystemExit("This build is for Linux; elsewhere the packaged one serves.")
    python = environment.prepare(environment.FOR_RUNNING)
    say("Building Argon2 for this CPU ...")
    shutil.rmtree(TARGET, ignore_errors=True)
    build(TARGET)
    BUILT_FOR.write_text(fingerprint(), encoding="utf-8")
    say("Measuring ...")
    stock, pages, ours = compare(python, [{}, {"GLIBC_TUNABLES": HUGE_PAGES}, settings()])
    say(f"Verifications a second on all cores: {stock:.1f} as packaged, {pages:.1f} with huge pages,")
    say(f"{ours:.1f} with this build too: {ours / stock:.2f} times as many. dev.py uses it from now on; elsewhere:")
    say(f"  GLIBC_TUNABLES={HUGE_PAGES} PYTHONPATH={TARGET} uvicorn app.main:app --app-dir Login --port 8000")
    return 0


def build(target: Path) -> None:
    """Compile the locked source into a folder, with the locked build tools."""
    with tempfile.TemporaryDirectory() as folder:
        run([sys.executable, "-I", "-m", "venv", folder])
        python, lock = Path(folder) / "bin" / "python", Path(folder) / "argon2.lock"
        lock.write_text(pick(PACKAGE, environment.RUN_LOCK), encoding="utf-8")
        pip: list[str | Path] = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        pip.append("--require-hashes")
        run([*pip, "-r", ROOT / "deploy" / "requirements" / "build.lock"])
        from_source = ["--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--no-cache-dir", "--upgrade"]
        run([*pip, *from_source, "--target", target, "-r", lock], CFLAGS=FLAGS)


def pick(package: str, lock: Path) -> str:
    """Return a package's lines of a lock, hashes included."""
    entries = lock.read_text(encoding="utf-8").replace("\\\n", "\\\0").split("\n")
    return next(entry for entry in entries if entry.startswith(package)).replace("\\\0", "\\\n")


def compare(python: Path, ways: list[dict[str, str]]) -> list[float]:
    """Measure in rounds that alternate, for the machine may have other work too; return verifications a second."""
    rounds = [[measure(python, told) for told in ways] for _ in range(ROUNDS)]
    return [sum(each) / ROUNDS for each in zip(*rounds, strict=True)]


def measure(python: Path, told: dict[str, str]) -> float:
    """Verify for two seconds, and return how many a second."""
    command: list[str | Path] = [python, "-c", MEASURE]
    done = subprocess.run(command, env=os.environ | told, check=True, capture_output=True, text=True)
    return float(done.stdout)


def run(command: list[str | Path], **told: str) -> None:
    """Run a program; its failure ends this one, with what it said above."""
    if subprocess.run(command, env=os.environ | told, check=False).returncode != 0:
        raise SystemExit("This did not work: the reason stands above.")
