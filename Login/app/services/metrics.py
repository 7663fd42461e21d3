"""Gauges kept current, and all counters written down: this worker's, or those of all workers on the port."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from app.crud import mails, webhooks
from app.errors import ApiError
from app.resources import Resources
from app.runtime.metrics import CONNECTIONS, HASH_WAIT_NOW, HASHES_WAITING, OWN

SAMPLE_SECONDS = 2.0


async def sample_forever(resources: Resources) -> None:
    """Keep this worker's gauges current for whichever worker is asked."""
    while True:
        sample(resources)
        await asyncio.sleep(SAMPLE_SECONDS)


def sample(resources: Resources) -> None:
    """Set the gauges of this worker."""
    HASHES_WAITING.set(resources.hashes.waiting)
    HASH_WAIT_NOW.set(resources.hashes.expected_wait)
    for pool, state, count in resources.database.count_connections():
        CONNECTIONS.labels(pool, state).set(count)


async def render(resources: Resources) -> bytes:
    """Write all of it down in Prometheus' text format."""
    sample(resources)
    return generate_latest(_whole()) + generate_latest(_Given(await _describe_queues(resources)))


def _whole() -> CollectorRegistry:
    """Return what this worker knows, or what all workers together do."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return OWN
    _bury_the_dead(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return registry


def _bury_the_dead(folder: Path) -> None:
    """Drop the gauges of workers that have ended: what they had in hand, nobody has any more."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


async def _describe_queues(resources: Resources) -> list[GaugeMetricFamily]:
    """Ask the database, which all replicas share; while it is away, these are missing."""
    read = resources.database.read
    try:
        (mail_count, mail_age), (count, age) = await read(mails.queue.measure), await read(webhooks.queue.measure)
    except ApiError:
        return []
    return [
        GaugeMetricFamily("pupero_mail_queue_depth", "Mails that wait for delivery.", mail_count),
        GaugeMetricFamily("pupero_mail_queue_age_seconds", "How long the oldest of them has waited.", mail_age),
        GaugeMetricFamily("pupero_webhook_queue_depth", "Webhooks that wait for delivery.", count),
        GaugeMetricFamily("pupero_webhook_queue_age_seconds", "How long the oldest of them has waited.", age),
    ]


class _Given(Collector):
    """Hands over what was found out before."""

    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each."""
        yield from self._families
