"""How many hashes run at a time by default: as many as there are cores to be had, whoever grants them."""

import os
import sys
from pathlib import Path

import pytest

from app.runtime import memory, processors
from app.runtime.processors import default_hash_threads, usable_cores

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="affinity and cgroups")


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of cgroups, in which this process is the service /system.slice/pupero.service, of 8 cores."""
    (tmp_path / "membership").write_text("1:name=systemd:/\n0::/system.slice/pupero.service\n")
    (tmp_path / "groups/system.slice/pupero.service").mkdir(parents=True)
    monkeypatch.setattr(processors, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(processors, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    return tmp_path / "groups"


@pytest.mark.parametrize(
    ("place", "limit", "cores"),
    [
        (".", "max 100000", 8),
        (".", "200000 100000", 2),
        (".", "150000 100000", 2),
        (".", "50000 100000", 1),
        ("system.slice", "400000 100000", 4),
        ("system.slice/pupero.service", "300000 100000", 3),
        ("system.slice/pupero.service", "nonsense", 8),
    ],
)
def test_quotas_count(groups: Path, place: str, limit: str, cores: int) -> None:
    """A container's, a slice's and a service's quota each bound what is used; a part of a core is one."""
    (groups / place / "cpu.max").write_text(limit)

    assert usable_cores() == cores


@pytest.mark.parametrize(("workers", "threads"), [("", 8), ("1", 8), ("3", 2), ("8", 1), ("50", 1), ("0", 8), ("x", 8)])
def test_workers_share_the_cores(groups: Path, monkeypatch: pytest.MonkeyPatch, workers: str, threads: int) -> None:
    """What WEB_CONCURRENCY announces divides them, and each keeps one."""
    monkeypatch.setenv("WEB_CONCURRENCY", workers)

    assert default_hash_threads(8) == threads


@pytest.mark.parametrize(
    ("limit", "workers", "threads"), [("768", "1", 6), ("768", "3", 2), ("64", "1", 1), ("8192", "1", 8)]
)
def test_hashes_take_half_of_the_memory_at_most(
    groups: Path, monkeypatch: pytest.MonkeyPatch, limit: str, workers: str, threads: int
) -> None:
    """A container of many cores and little memory is not killed by a storm of sign-ins, each of 64 MiB."""
    (groups / "memory.max").write_text(str(int(limit) * 1024 * 1024))
    monkeypatch.setattr(memory, "CGROUP_LIMITS", [str(groups / "memory.max")])
    monkeypatch.setenv("WEB_CONCURRENCY", workers)

    assert default_hash_threads(65536) == threads


@LINUX
def test_affinity_counts() -> None:
    """The machine's own answer is used where nobody grants less."""
    assert 1 <= usable_cores() <= len(os.sched_getaffinity(0))
