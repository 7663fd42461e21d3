"""Ending without a failed request: pages that are about to end say so to the balancer, and serve on."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from FlaskProject.config import load_config

KEY = "Zk1u0mT8wQx4bLr7Nd2Vf9Hs6Jp3Yc5G"


@pytest.fixture
def drain_file(tmp_path: Path) -> Path:
    """Name the file that announces the end."""
    return tmp_path / "draining"


@pytest.fixture
def balanced(drain_file: Path, open_browser: Callable[..., FlaskClient]) -> FlaskClient:
    """Give pages that know the file."""
    return open_browser(drain_file=drain_file)


def test_pages_about_to_end_ask_for_no_more_visitors(balanced: FlaskClient, drain_file: Path) -> None:
    """A balancer looks elsewhere while the file is there, and whoever comes all the same is served."""
    assert balanced.get("/readyz").status_code == 200

    drain_file.touch()
    answer = balanced.get("/readyz")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "draining")
    assert answer.headers["Retry-After"] == "1"
    assert balanced.get("/login").status_code == 200

    drain_file.unlink()
    assert balanced.get("/readyz").status_code == 200


def test_only_a_refusal_leaves_a_line(
    balanced: FlaskClient, drain_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Balancers ask every second; that all is well, again, would bury every other line."""
    balanced.get("/readyz")
    drain_file.touch()
    balanced.get("/readyz")
    for handler in logging.getLogger("FlaskProject").handlers:
        handler.flush()

    [line] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["path"], line["status"]) == ("/readyz", 503)


def test_the_file_is_a_setting(tmp_path: Path) -> None:
    """DRAIN_FILE names it, as for the API; without it the pages are always ready."""
    none = tmp_path / "none.env"

    assert load_config({"SECRET_KEY": KEY, "DRAIN_FILE": "/run/draining"}, none).drain_file == Path("/run/draining")
    assert load_config({"SECRET_KEY": KEY}, none).drain_file is None
