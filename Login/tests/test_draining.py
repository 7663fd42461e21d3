"""Ending without a failed request: a process that is about to end says so, and serves on."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.api import SignedIn


@pytest.fixture
def settings_changes(tmp_path: Path) -> dict[str, Any]:
    """Name the file that announces the end."""
    return {"drain_file": tmp_path / "draining"}


def test_a_draining_process_asks_for_no_more_work(api: TestClient, tmp_path: Path) -> None:
    """A load balancer that asks /readyz turns away, and comes back when the file is gone."""
    assert api.get("/readyz").status_code == 200

    (tmp_path / "draining").touch()
    answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "draining")
    assert answer.headers["Retry-After"] == "1"

    (tmp_path / "draining").unlink()
    assert api.get("/readyz").status_code == 200


def test_a_draining_process_still_serves(user: SignedIn, api: TestClient, tmp_path: Path) -> None:
    """Whoever comes before the balancer has noticed is served as ever."""
    (tmp_path / "draining").touch()

    assert user.get("/user/profile").status_code == 200
    assert api.get("/healthz").status_code == 200
