"""A development that faces the internet says so, once; people on the same network are served without a word."""

import logging
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from testing.api import PRODUCTION, MakeSettings

NEIGHBOURS = ["127.0.0.1", "::1", "192.168.1.20", "10.4.5.6", "172.16.213.130", "169.254.3.4", "fd00::7", "fe80::1"]


def warnings(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """Return what the log says about it."""
    return [vars(one)["event"]["reason"] for one in caplog.records if one.message == "development_serves_strangers"]


@pytest.mark.asvs("13.4.2")
def test_the_first_stranger_makes_one_warning(
    make_settings: MakeSettings, migrated_sqlite: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neighbours are no strangers; the first caller from the internet is served, and the log says where links lead."""
    app = create_app(make_settings(migrated_sqlite))
    for address in NEIGHBOURS:
        assert TestClient(app, client=(address, 50000)).get("/healthz").status_code == 200
    before = warnings(caplog)
    for address in ("8.8.8.8", "2a00:1450:4001::1", "::ffff:8.8.4.4"):
        assert TestClient(app, client=(address, 50000)).get("/healthz").status_code == 200
    forwarded = {"X-Forwarded-For": "9.9.9.9"}
    TestClient(app, client=("127.0.0.1", 50000)).get("/healthz", headers=forwarded)

    assert before == []
    [warning] = warnings(caplog)
    assert "ENVIRONMENT=production is not set" in warning
    assert "links in mails lead to http://127.0.0.1:5000" in warning


@pytest.mark.parametrize(
    "changes",
    [PRODUCTION, {"public_url": "https://accounts.example.com"}, {"jwt_secret_key": "please-change-me"}],
    ids=["production", "public", "weak"],
)
def test_it_says_no_more_than_is_true(
    make_settings: MakeSettings, migrated_sqlite: str, caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    """Production says nothing, nor does an API that refuses strangers anyway; public links are not complained of."""
    app = create_app(make_settings(migrated_sqlite, **changes))
    with caplog.at_level(logging.WARNING):
        TestClient(app, client=("8.8.8.8", 50000)).get("/healthz")

    said = warnings(caplog)
    assert len(said) == ("public_url" in changes)
    assert not any("lead to" in one for one in said)
