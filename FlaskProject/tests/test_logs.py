"""The pages' log: one JSON line a request, whatever the visitor sends."""

import io
import json
import logging
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from testing.browser import StartPages
from testing.processes import ROOT
from testing.sinks import Sink, broken_sink

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="makes a FIFO, and forks")
FORK = """
import logging, os
from FlaskProject.runtime.logs import init_logs
init_logs()
log = logging.getLogger("FlaskProject")
log.info("before")
if child := os.fork():
    os.waitpid(child, 0)
log.info("in child" if child == 0 else "in parent")
"""


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Parse everything on stdout, each line on its own, once it is written."""
    for handler in logging.getLogger("FlaskProject").handlers:
        handler.flush()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_request_is_one_line(browser: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """With time, method, path without its query, status, latency, client and id."""
    answer = browser.get("/login?next=/profile")
    (line,) = lines(capsys)

    assert line["time"].endswith("+00:00")
    assert (line["method"], line["path"], line["status"], line["client"]) == ("GET", "/login", 200, "127.0.0.1")
    assert line["latency_ms"] >= 0
    assert line["request_id"] == answer.headers["X-Request-ID"]


REFUSED = [
    ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, "Sec-Fetch-Site names another site"),
    ({"Origin": "null"}, "Origin is not the address in Host"),
    ({"Origin": "x" * 5000}, "Origin is not the address in Host"),
    ({}, "The CSRF token is missing."),
    ({"Host": "a..b"}, "the Host header is no name of a site"),
]


@pytest.mark.asvs("16.3.3")
@pytest.mark.parametrize(("headers", "reason"), REFUSED)
def test_a_refusal_says_its_reason(
    browser: FlaskClient, capsys: pytest.CaptureFixture[str], headers: dict[str, str], reason: str
) -> None:
    """Whoever runs a proxy learns which header it spoils, beside the request's own line and never at length."""
    browser.post("/login", headers=headers)
    refused, request = lines(capsys)

    assert (refused["message"], refused["reason"]) == ("request_refused", reason)
    assert refused["request_id"] == request["request_id"]
    assert refused.get("origin") in {None, headers.get("Origin", "")[:200]}


@pytest.mark.asvs("16.4.1")
def test_a_path_cannot_forge_a_line(browser: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """Newlines and escape codes stay inside their JSON string."""
    browser.get('/a%0d%0a{"message":"forged"}%1b[31m"')
    (line,) = lines(capsys)

    assert line["status"] == 404
    assert "forged" in line["path"]


@pytest.mark.asvs("16.2.5")
def test_nothing_typed_is_logged(browser: FlaskClient, submit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """People type passwords into the wrong field."""
    submit(browser, "/login", username="secret-in-name", password="secret-of-ada")
    submit(browser, "/register", email="secret-in-mail", password="secret-of-ada")

    logged = capsys.readouterr()
    assert "secret" not in logged.out + logged.err


@pytest.mark.asvs("16.3.4")
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


@POSIX
@pytest.mark.parametrize("sink", ["closed", "stuck", "full"])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_broken_sink_stops_no_page(
    start_pages: StartPages, tmp_path: Path, sink: Sink, ending: signal.Signals
) -> None:
    """With stdout's reader gone, asleep, or its disk full, every page is served, and the end is an orderly one."""
    with broken_sink(tmp_path / "pages-0.log", sink) as let_reader_go:
        server = start_pages("http://127.0.0.1:9")
        let_reader_go()
        for _ in range(400):  # more lines than a pipe holds; a page that waits times out
            with urllib.request.urlopen(f"{server.url}/static/logo.svg", timeout=60) as answer:  # noqa: S310 our own address
                assert answer.status == 200

        assert server.stop(ending) in {0, 1, -signal.SIGTERM}


@POSIX
def test_each_process_of_a_server_writes_its_lines_once() -> None:
    """A server that loads the pages before it divides leaves the writing thread behind in the first process."""
    done = subprocess.run(  # noqa: S603 our own text
        [sys.executable, "-c", FORK], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert sorted(json.loads(line)["message"] for line in done.stdout.splitlines()) == [
        "before",
        "in child",
        "in parent",
    ]


def test_an_unknown_proxy_is_mentioned_once(browser: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """Else every visitor would share the proxy's address, and its limits, without anybody knowing."""
    for _ in range(3):
        browser.get("/login", headers={"X-Forwarded-For": "203.0.113.7"})
    found = lines(capsys)

    assert ["TRUSTED_PROXY_COUNT" in line["message"] for line in found].count(True) == 1
    assert {line["client"] for line in found if line["message"] == "request"} == {"127.0.0.1"}


@pytest.mark.asvs("16.3.4", "16.5.1")
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
