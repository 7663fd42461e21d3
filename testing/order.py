"""The order of the suite where several processes share it: what takes long is begun first, each by another one."""

from itertools import islice

import pytest

# By what their names begin with; tests of one kind stay together, for they share a browser or a server.
LONG = (
    "tests/test_browser",
    "Login/tests/test_fair_queue",
    "Login/tests/test_patient_guesses",
    "tests/test_dev_",
    "Login/tests/test_mail_workers",
    "CreateDB/tests/test_resume",
    "CreateDB/tests/test_cluster",
    "Login/tests/test_openapi",
    "Login/tests/test_rotation",
    "Login/tests/test_hashing",
    "tests/test_balancer",
    "Login/tests/test_failover",
    "Login/tests/test_cluster",
    "Login/tests/test_api_outages",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deal the long ones out to the processes, each of which begins with a part of the list of equal length."""
    count: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if count == 1:
        return
    parts: list[list[pytest.Item]] = [[] for _ in range(count)]
    for number, name in enumerate(LONG):
        parts[number % count] += [item for item in items if item.nodeid.startswith(name)]
    others = iter([item for item in items if not item.nodeid.startswith(LONG)])
    for part in parts[:-1]:
        part.extend(islice(others, max(0, len(items) // count - len(part))))
    items[:] = [*(item for part in parts for item in part), *others]
