"""scripts/check_advisories.py: a known advisory fails, a source that does not answer is said to, each lock is read."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from scripts import check_advisories as script
from testing.documents import chapter, table
from testing.quiet import QuietHttpServer

ROOT = Path(__file__).resolve().parent.parent
LOCK = "jinja2==2.4.1 \\\n    --hash=sha256:00\necdsa==0.19.0 ; python_version > '3'\nuvicorn[standard]==0.40.0\n"
ILL = [{"vulns": [{"id": "GHSA-fine"}]}, {"vulns": [{"id": "PYSEC-1"}, {"id": "GHSA-1"}]}, {}]
WELL: list[Any] = [{}, {}, {}]

Source = dict[str, Any]


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """Give what a source of advisories answers, by path; it keeps what it was asked."""
    says: Source = {"asked": [], "/v1/vulns/GHSA-fine": {"aliases": ["CVE-2024-23342"]}}
    says |= {"/v1/vulns/PYSEC-1": {"aliases": ["GHSA-1"]}, "/v1/vulns/GHSA-1": {}}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

        def _answer(self) -> None:
            says["asked"].append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.send_response(200 if self.path in says else 503)
            self.end_headers()
            answer = says.get(self.path, b"")
            self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        do_GET = do_POST = _answer  # noqa: N815 the library's names

    server = QuietHttpServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setattr(script, "SOURCE", f"http://127.0.0.1:{server.server_port}")
    yield says
    server.shutdown()
    server.server_close()


Check = Callable[[], tuple[int, str]]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Give a function that checks a lock of three libraries, and returns the status and what was said."""
    lock = tmp_path / "some.lock"
    lock.write_text(LOCK, encoding="utf-8")
    return lambda: (script.main([str(lock)]), capsys.readouterr().out)


@pytest.mark.asvs("15.2.1")
def test_a_known_advisory_fails(source: Source, check: Check) -> None:
    """By every name that it has; one that does no harm here is counted and no failure, whatever list it is of."""
    source["/v1/querybatch"] = {"results": ILL}
    status, said = check()

    assert status == 1
    assert "jinja2 2.4.1: PYSEC-1, https://osv.dev/vulnerability/PYSEC-1\n" in said
    assert said.endswith("3 libraries: 2 known advisories, 1 more that do no harm here.\n")


def test_without_one_all_is_well(source: Source, check: Check) -> None:
    """Each library was asked about, at its version and without what a lock has around it."""
    source["/v1/querybatch"] = {"results": WELL}
    status, said = check()
    queries = json.loads(source["asked"][0])["queries"]

    assert (status, said) == (0, "3 libraries: 0 known advisories, 0 more that do no harm here.\n")
    assert [(query["package"]["name"], query["version"]) for query in queries] == [
        ("ecdsa", "0.19.0"),
        ("jinja2", "2.4.1"),
        ("uvicorn", "0.40.0"),
    ]


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"results": [{}]}', b'{"results": 5}', None])
def test_a_source_that_says_nothing_is_no_good_news(source: Source, check: Check, answer: bytes | None) -> None:
    """Away, in another form, or about something else: it says that nothing was checked."""
    if answer is not None:
        source["/v1/querybatch"] = answer
    status, said = check()

    assert (status, said.startswith("NOT CHECKED: no advisories from http://127.0.0.1")) == (0, True)


def test_a_source_that_nobody_reaches(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network, nor when its time is over, nothing is checked and that is said."""
    monkeypatch.setattr(script, "SOURCE", "http://127.0.0.1:9")
    assert check()[1].startswith("NOT CHECKED")
    monkeypatch.setattr(script, "BUDGET", 0)
    assert check()[1].endswith("3 libraries (it is too slow).\n")


def test_every_lock_is_read() -> None:
    """To the last library."""
    locks = [ROOT / path for path in script.LOCKS]
    pins = {path: list(script.read_pins(path)) for path in locks}

    assert sorted(locks) == sorted([*ROOT.glob("*.lock"), *(ROOT / "deploy/requirements").glob("*.lock")])
    written = {path: path.read_text(encoding="utf-8").splitlines() for path in locks}
    assert {path: len(found) for path, found in pins.items()} == {
        path: len([line for line in lines if line[:1].isalnum()]) for path, lines in written.items()
    }


@pytest.mark.asvs("15.1.1", "15.2.1")
def test_how_fast_libraries_are_mended_is_said() -> None:
    """By what a fault lets somebody do, and how often all are renewed; and each run of the checks asks."""
    page = chapter(ROOT / "SECURITY.md", "Libraries of others")
    days = [int(row[1].split()[0]) for row in table(page)[1:]]

    assert days == sorted(days)
    assert len(days) == 3
    assert "every three months" in page
    assert "scripts/check_advisories.py" in (ROOT / ".ci/run").read_text(encoding="utf-8")
