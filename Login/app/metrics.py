"""What Prometheus asks for: counted where it happens, and added up over the workers that share a port.

With several workers PROMETHEUS_MULTIPROC_DIR names a folder, empty at start, in which each keeps its own numbers.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from app import crud
from app.errors import ApiError
from app.resources import Resources

SAMPLE_SECONDS = 2.0
ANSWERED = range(200, 400)
METHODS = {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"}
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()
OWN = CollectorRegistry()
REQUESTS = Histogram(
    "pupero_request_seconds",
    "How long requests took, by the route's template.",
    ["method", "route", "status"],
    buckets=BUCKETS,
    registry=OWN,
)
OUTCOMES = Counter(
    "pupero_outcomes", "What became of requests: ok, or the refusal's code.", ["route", "outcome"], registry=OWN
)
UNHANDLED = Counter("pupero_unhandled_errors", "Errors that nothing foresaw.", registry=OWN)
HASHES_WAITING = Gauge(
    "pupero_hash_queue_depth", "Password hashes running or waiting.", multiprocess_mode="livesum", registry=OWN
)
HASH_WAIT = Gauge(
    "pupero_hash_expected_wait_seconds",
    "Until a hash asked for now would begin, in the worker that is worst off.",
    multiprocess_mode="livemax",
    registry=OWN,
)
CONNECTIONS = Gauge(
    "pupero_database_connections",
    "Database connections by pool and use.",
    ["pool", "state"],
    multiprocess_mode="livesum",
    registry=OWN,
)


class RequestCounter:
    """Counts answers; what a label stands for is looked up once, because that costs more than counting."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: dict[tuple[str, str, int, str], tuple[Histogram, Counter]] = {}

    def count(self, scope: Any, status: int, seconds: float) -> None:  # noqa: ANN401 ASGI's mapping
        """Count one answer under its route's template: whatever strangers ask for is one route, `none`."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        outcome = scope["state"].get("code") or ("ok" if status in ANSWERED else f"http_{status}")
        key = (method, route, status, outcome)
        found = self._known.get(key)
        if found is None:
            found = REQUESTS.labels(method, route, str(status)), OUTCOMES.labels(route, outcome)
            self._known[key] = found
        found[0].observe(seconds)
        found[1].inc()


requests = RequestCounter()


async def sample_forever(resources: Resources) -> None:
    """Keep this worker's gauges current for whichever worker is asked."""
    while True:
        sample(resources)
        await asyncio.sleep(SAMPLE_SECONDS)


def sample(resources: Resources) -> None:
    """Set the gauges of this worker."""
    HASHES_WAITING.set(resources.hashes.waiting)
    HASH_WAIT.set(resources.hashes.expected_wait)
    for pool, state, count in resources.database.count_connections():
        CONNECTIONS.labels(pool, state).set(count)


async def render(resources: Resources) -> bytes:
    """Write all of it down in Prometheus' text format."""
    sample(resources)
    return generate_latest(_whole()) + generate_latest(_Given(await _describe_mail(resources)))


def _whole() -> CollectorRegistry:
    """Return what this worker knows, or what all workers together do."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return OWN
    _bury_the_dead(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)
    return registry


def _bury_the_dead(folder: Path) -> None:
    """Drop the gauges of workers that have ended: what they had in hand, nobody has any more."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            mark_process_dead(pid, str(folder))


async def _describe_mail(resources: Resources) -> list[GaugeMetricFamily]:
    """Ask the database, which all replicas share; while it is away, these two are missing."""
    try:
        count, age = await resources.database.read(crud.measure_mail_queue)
    except ApiError:
        return []
    return [
        GaugeMetricFamily("pupero_mail_queue_depth", "Mails that wait for delivery.", count),
        GaugeMetricFamily("pupero_mail_queue_age_seconds", "How long the oldest of them has waited.", age),
    ]


class _Given(Collector):
    """Hands over what was found out before."""

    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each."""
        yield from self._families
