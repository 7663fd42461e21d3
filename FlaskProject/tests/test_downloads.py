"""A file of the API on its way through the pages: as it comes, never half of it for the whole, few at a time."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event, Thread
from typing import Any

import pytest
from flask.testing import FlaskClient

from FlaskProject.backend.http import BackendUnavailable
from testing.api import MakeStale
from testing.quiet import QuietHttpServer
from testing.visits import PASSWORD, Visit

PATH = "/profile/export"
HEAD, TAIL = b'{"format":1,\n', b'"mails":[]}\n'


@dataclass
class SlowFile:
    """An API whose file stops after its head until it is told how to go on."""

    url: str = ""
    go_on: Event = field(default_factory=Event)
    whole: bool = True


@pytest.fixture
def slow_file(account: Any) -> Iterator[SlowFile]:
    """Give such an API, started."""
    api, profile = SlowFile(), json.dumps(account).encode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

        def do_GET(self) -> None:
            """Send an account at once, and a file in two pieces or, broken off, in one."""
            self.send_response(200)
            if self.path == "/user/export":
                self.send_header("Content-Disposition", 'attachment; filename="pupero-data-2026-01-01.json"')
                self.send_header("Content-Length", str(len(HEAD + TAIL)))
                self.end_headers()
                self.wfile.write(HEAD)
                api.go_on.wait(60)
                with suppress(OSError):
                    self.wfile.write(TAIL if api.whole else b"")
            else:
                self.end_headers()
                self.wfile.write(profile)

    server = QuietHttpServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    yield api
    api.go_on.set()
    server.shutdown()
    server.server_close()


Ask = Callable[[], Any]


@pytest.fixture
def ask(slow_file: SlowFile, open_browser: Any, make_token: Any, submit: Any) -> Ask:
    """Give a function that presses the button and returns the answer, of which no more is read than has come."""
    browser: FlaskClient = open_browser(slow_file.url, threads=4)  # of which three wait for the API, and one download
    browser.set_cookie("access_token", make_token())
    return lambda: submit(browser, "/profile", PATH)


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.asvs("14.2.2", "14.3.2")
def test_the_button_brings_the_file(visit: Visit) -> None:
    """What the API has, under the name that it gives, and in no cache."""
    visit.register("ada").open("/profile")
    answer = visit.client.post(PATH, data=visit.hidden(PATH))

    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert json.loads(answer.data)["account"]["email"] == "ada@example.com"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="pupero-data-2')
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.asvs("7.5.3")
def test_a_stale_session_is_asked_who_is_there(visit: Visit, make_session_stale: MakeStale) -> None:
    """Then the profile says to press once more: a browser that is sent a file would stay on the question."""
    visit.register("ada").open("/profile")
    make_session_stale()
    assert visit.send(PATH).says("Is it still you?")
    visit.send(PATH, current_password=PASSWORD)

    assert (visit.path, visit.says("Now press the button")) == ("/profile", True)
    assert json.loads(visit.client.post(PATH, data=visit.hidden(PATH)).data)["format"] == 1


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_the_sixth_in_an_hour_waits(visit: Visit) -> None:
    """On a page that says for how long."""
    visit.register("ada").open("/profile")
    for _ in range(5):
        assert visit.client.post(PATH, data=visit.hidden(PATH)).data.endswith(b"}\n")
    visit.send(PATH)

    assert (visit.status, visit.says("Please try again in 60 minutes.")) == (200, True)


def test_it_comes_piece_by_piece(slow_file: SlowFile, ask: Ask) -> None:
    """The browser has the beginning before the API has made the end."""
    pieces = iter(ask().response)
    first = next(pieces)
    slow_file.go_on.set()

    assert (first, b"".join(pieces)) == (HEAD, TAIL)


def test_what_breaks_off_is_not_swallowed(slow_file: SlowFile, ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    """The pages break off too, which their server turns into a failed download, and say why in the log."""
    slow_file.whole = False
    slow_file.go_on.set()
    with pytest.raises(BackendUnavailable, match="broke off"):
        b"".join(ask().response)

    for handler in logging.getLogger("FlaskProject").handlers:
        handler.flush()
    assert "api_unavailable" in capsys.readouterr().out


def test_slow_browsers_hold_few_threads(ask: Ask) -> None:
    """Whoever comes while all places are taken is told when to come back; one that leaves gives its place on."""
    first = ask()
    refused = ask()
    first.close()
    second = ask()
    second.close()

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "very busy" in refused.text
    assert second.status_code == 200


def test_what_is_no_file_is_an_outage(
    small_api: Any, open_browser: Any, make_token: Any, submit: Any, account: Any
) -> None:
    """Whatever listens on the API's port, nobody saves its pages as their data; and no place is lost by it."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    small_api.on("GET /user/export", lambda _asked: (200, b"<html>hello</html>"))
    browser = open_browser(small_api.url, threads=4)
    browser.set_cookie("access_token", make_token())

    assert ["does not answer" in submit(browser, "/profile", PATH).text for _ in range(3)] == [True] * 3
