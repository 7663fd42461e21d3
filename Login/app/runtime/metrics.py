"""What Prometheus asks for: counted where it happens, and added up over the workers that share a port.

With several workers PROMETHEUS_MULTIPROC_DIR names a folder, empty at start, in which each keeps its own numbers.
"""

from functools import cache, partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

ANSWERED = range(200, 400)
METHODS = {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"}
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()  # type: ignore[no-untyped-call]
OWN = CollectorRegistry()
_histogram = partial(Histogram, buckets=BUCKETS, registry=OWN)
_gauge = partial(Gauge, registry=OWN)

REQUESTS = _histogram(
    "pupero_request_seconds", "How long requests took, by the route's template.", ["method", "route", "status"]
)
OUTCOMES = Counter(
    "pupero_outcomes", "What became of requests: ok, or the refusal's code.", ["route", "outcome"], registry=OWN
)
UNHANDLED = Counter("pupero_unhandled_errors", "Errors that nothing foresaw.", registry=OWN)
HASHES_WAITING = _gauge("pupero_hash_queue_depth", "Password hashes running or waiting.", multiprocess_mode="livesum")
HASH_WAIT = _histogram("pupero_hash_wait_seconds", "How long password hashes waited for a thread.")
HASH_WAIT_NOW = _gauge(
    "pupero_hash_expected_wait_seconds",
    "Until a hash asked for now would begin, in the worker that is worst off.",
    multiprocess_mode="livemax",
)
CONNECTIONS = _gauge(
    "pupero_database_connections",
    "Database connections by pool and use.",
    ["pool", "state"],
    multiprocess_mode="livesum",
)


def count_answer(method: str, scope: Any, status: int, seconds: float) -> None:  # noqa: ANN401 ASGI's mapping
    """Count one answer under its route's template: whatever strangers ask for is one route, `none`."""
    route = getattr(scope.get("route"), "path", "none")
    outcome = scope["state"].get("code") or ("ok" if status in ANSWERED else f"http_{status}")
    duration, number = _find(method if method in METHODS else "other", route, status, outcome)
    duration.observe(seconds)
    number.inc()


@cache
def _find(method: str, route: str, status: int, outcome: str) -> tuple[Histogram, Counter]:
    return REQUESTS.labels(method, route, str(status)), OUTCOMES.labels(route, outcome)
