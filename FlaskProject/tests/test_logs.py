"""The pages' log: one JSON line a request, whatever the visitor sends."""

import io
import json
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Parse everything on stdout, each line on its own."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_request_is_one_line(browser: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """With time, method, path without its query, status, latency, client and id."""
    answer = browser.get("/login?next=/profile")
    (line,) = lines(capsys)

    assert line["time"].endswith("+00:00")
    assert (line["method"], line["path"], line["status"], line["client"]) == ("GET", "/login", 200, "127.0.0.1")
    assert line["latency_ms"] >= 0
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_a_path_cannot_forge_a_line(browser: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """Newlines and escape codes stay inside their JSON string."""
    browser.get('/a%0d%0a{"message":"forged"}%1b[31m"')
    (line,) = lines(capsys)

    assert line["status"] == 404
    assert "forged" in line["path"]


def test_nothing_typed_is_logged(browser: FlaskClient, submit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """People type passwords into the wrong field."""
    submit(browser, "/login", username="secret-in-name", password="secret-of-ada")
    submit(browser, "/register", email="secret-in-mail", password="secret-of-ada")

    logged = capsys.readouterr()
    assert "secret" not in logged.out + logged.err


def test_an_outage_is_logged_with_its_reason(
    browser: FlaskClient, submit: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator learns what the visitor is not told."""
    submit(browser, "/login", username="ada", password="secret-of-ada")

    found = lines(capsys)
    [outage] = [line for line in found if line["message"] == "api_unavailable"]
    assert "POST /login: ConnectionError" in outage["reason"]
    assert outage["request_id"] in {line["request_id"] for line in found if line["message"] == "request"}


def test_a_closed_log_stops_no_page(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losing the line is better than losing the visitor."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)

    assert browser.get("/login").status_code == 200


def test_an_unknown_proxy_is_mentioned_once(browser: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """Else every visitor would share the proxy's address, and its limits, without anybody knowing."""
    for _ in range(3):
        browser.get("/login", headers={"X-Forwarded-For": "203.0.113.7"})
    found = lines(capsys)

    assert ["TRUSTED_PROXY_COUNT" in line["message"] for line in found].count(True) == 1
    assert {line["client"] for line in found if line["message"] == "request"} == {"127.0.0.1"}


def test_a_fault_of_ours_is_a_page_and_a_trace_in_the_log(
    browser: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """The visitor sees neither."""

    def fail() -> str:
        raise RuntimeError("inner secret")

    browser.application.add_url_rule("/fail", view_func=fail)
    answer = browser.get("/fail")

    assert answer.status_code == 500
    assert "That is our mistake" in answer.text
    assert "inner secret" not in answer.text
    assert any("inner secret" in line.get("exception", "") for line in lines(capsys))
