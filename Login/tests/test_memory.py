"""A storm of sign-ins at the documented costs stays within the memory that docker-compose.yml grants a replica."""

import re
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from testing.api import StartApi, register
from testing.processes import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

PEOPLE = 40
HASHES = 6  # at the same time, of 64 MiB each
MIB = 1024  # kB


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite: the memory is that of hashes."""
    return sqlite_copy


def test_a_storm_of_sign_ins_needs_no_more_than_a_replica_has(start_api: StartApi) -> None:
    """Forty at once: each is served or told to come back, and the process never holds more hashes than it may."""
    costs = {"ARGON2_MEMORY_KIB": str(64 * MIB), "ARGON2_TIME_COST": "1", "ARGON2_PARALLELISM": "4"}
    api = start_api(HASH_THREADS=str(HASHES), RATE_LIMITS_ENABLED="false", **costs)
    with httpx2.Client(base_url=api.url, timeout=60, limits=httpx2.Limits(max_connections=PEOPLE)) as http:
        person = register(http)
        body = {"email": person.email, "password": person.password}
        before = read_peak(api.pid)
        with ThreadPoolExecutor(PEOPLE) as crowd:
            seen = Counter(crowd.map(lambda _: http.post("/login", json=body).status_code, range(PEOPLE)))
    peak = read_peak(api.pid)

    assert set(seen) <= {200, 503}
    assert seen[200] > 0
    assert peak <= read_limit()
    assert peak - before <= HASHES * 64 * MIB


def read_peak(pid: int) -> int:
    """Return the most memory that a process has had, in kB."""
    return int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0])


def read_limit() -> int:
    """Return what docker-compose.yml grants the API unless an operator says otherwise, in kB."""
    return int(re.findall(r"\$\{LOGIN_MEMORY:-(\d+)m\}", (ROOT / "docker-compose.yml").read_text())[0]) * MIB
