"""Builds Argon2 for the CPU at hand, and measures it: `python3 scripts/build_argon2.py`; then start the API as it says.

The packaged build runs on any x86-64 and takes about twice the time for the same hash. What is built here, of the
locked source with -march=native, may run on this kind of CPU only: the images bring portable builds instead. Linux,
and a C compiler with Python's headers (Debian: gcc libc6-dev python3-dev), are needed.
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "var" / "argon2"
PACKAGE = "argon2-cffi-bindings=="
FLAGS = "-O3 -march=native"
HUGE_PAGES = "glibc.malloc.hugetlb=1"
MEASURE = """
import os, time
from concurrent.futures import ThreadPoolExecutor
from argon2 import PasswordHasher
hasher, cores = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4), len(os.sched_getaffinity(0))
stored, end = hasher.hash("blue herons at dawn"), time.perf_counter() + 5
def work(_):
    count = 0
    while time.perf_counter() < end:
        count += hasher.verify(stored, "blue herons at dawn")
    return count
with ThreadPoolExecutor(cores) as threads:
    print(sum(threads.map(work, range(cores))) / 5)
"""


def main() -> None:
    """Build, measure, and say how to use it."""
    if sys.platform != "linux":
        sys.exit("This build is for Linux; elsewhere the packaged one serves.")
    build(TARGET)
    stock, ours = measure({}), measure({"PYTHONPATH": str(TARGET), "GLIBC_TUNABLES": HUGE_PAGES})
    say(f"Verifications a second on all cores: {stock:.1f} packaged, {ours:.1f} built here with huge pages: ", end="")
    say(f"{ours / stock:.2f} times as many.\nStart the API with:")
    say(f"  GLIBC_TUNABLES={HUGE_PAGES} PYTHONPATH={TARGET} uvicorn app.main:app --app-dir Login --port 8000")


def build(target: Path) -> None:
    """Compile the locked source into a folder, with the locked build tools."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python, lock = Path(folder) / "bin" / "python", Path(folder) / "argon2.lock"
        lock.write_text(pick(PACKAGE, ROOT / "requirements.lock"), encoding="utf-8")
        pip: list[str | Path] = [
            python,
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "install",
            "--require-hashes",
        ]
        run([*pip, "-r", ROOT / "deploy" / "requirements" / "build.lock"])
        from_source = ["--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--no-cache-dir", "--upgrade"]
        run([*pip, *from_source, "--target", target, "-r", lock], CFLAGS=FLAGS)


def pick(package: str, lock: Path) -> str:
    """Return a package's lines of a lock, hashes included."""
    entries = lock.read_text(encoding="utf-8").replace("\\\n", "\\\0").split("\n")
    return next(entry for entry in entries if entry.startswith(package)).replace("\\\0", "\\\n")


def measure(environment: dict[str, str]) -> float:
    """Verify for five seconds in the suite's own environment, and return how many a second."""
    python = ROOT / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", MEASURE], env=os.environ | environment, check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def run(command: list[str | Path], **environment: str) -> None:
    """Run a program; its failure ends this one, with what it said above."""
    if subprocess.run(command, env=os.environ | environment, check=False).returncode != 0:
        sys.exit("This did not work: the reason stands above.")


def say(text: str, end: str = "\n") -> None:
    """Print at once."""
    sys.stdout.write(f"{text}{end}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
