"""What the pages' own tests share: settings, browsers, and an API of a few lines over a real socket."""

import json
import logging
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Lock, Thread
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from FlaskProject.app import create_app
from FlaskProject.config import Config
from testing.quiet import QuietHttpServer
from testing.visits import Visit

KEY = "Zk3vR8mQpL2xWn7TcY5bHs9DfGj4KaEu"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]]
Answer = Callable[[dict[str, Any]], Reply]


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: pages know nothing of the database."""
    return sqlite_copy


@pytest.fixture
def read_seconds() -> float:
    """Give how long a page waits for a read: on a busy machine that is no question, but where a test asks it."""
    return 30.0


@pytest.fixture(autouse=True)
def patient_pages(monkeypatch: pytest.MonkeyPatch, read_seconds: float) -> None:
    """Let pages of this process wait so long."""
    monkeypatch.setattr("FlaskProject.backend.api.READ_SECONDS", read_seconds)


@dataclass
class SmallApi:
    """Answers as a test tells it to, and remembers what it was asked."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=lambda: {"GET /user/trusted-devices": lambda _asked: (200, [])})
    asked: list[dict[str, Any]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def on(self, call: str, answer: Answer) -> None:
        """Answer `METHOD /path` with what the function returns."""
        self.answers[call] = answer

    def calls(self, call: str) -> list[dict[str, Any]]:
        """Return every request of that kind so far."""
        return [asked for asked in self.asked if asked["call"] == call]


def _handler(api: SmallApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = {
                # Looked up as by an API of before `include`: what a test answers says whether anything comes along.
                "call": re.sub(r"[?&]include=\w+", "", f"{self.command} {self.path}"),
                "headers": dict(self.headers),
                "body": json.loads(body) if body else None,
            }
            with api.lock:
                api.asked.append(asked)
            status, data, *more = api.answers[str(asked["call"])](asked)
            payload = data if isinstance(data, bytes) else json.dumps(data).encode()
            self.send_response(status)
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 the library's names

    return Handler


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Have each test's log written while it is captured, and before the next one reads its own."""
    try:
        return (yield)
    finally:
        for handler in logging.getLogger("FlaskProject").handlers:
            handler.flush()


@pytest.fixture
def small_api() -> Iterator[SmallApi]:
    """Give a started API that knows nothing yet."""
    api = SmallApi()
    server = QuietHttpServer(("127.0.0.1", 0), _handler(api))
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield api
    server.shutdown()
    server.server_close()


class Browser(FlaskClient):
    """A browser that goes from a refused form to the page that shows it again, as it is told by 303."""

    def post(self, *args: Any, **kwargs: Any) -> Any:
        """Send a form."""
        answer = super().post(*args, **kwargs)
        return self.get(answer.headers["Location"]) if answer.status_code == HTTPStatus.SEE_OTHER else answer


OpenBrowser = Callable[..., FlaskClient]


@pytest.fixture
def open_browser() -> OpenBrowser:
    """Give a function that opens a browser with cookies of its own on pages with the settings it is told."""

    def open_it(backend_url: str = "http://127.0.0.1:9", **settings: Any) -> FlaskClient:
        app = create_app(Config(secret_key=settings.pop("secret_key", KEY), backend_url=backend_url, **settings))
        app.test_client_class = Browser
        return app.test_client()

    return open_it


@pytest.fixture
def browser(open_browser: OpenBrowser) -> FlaskClient:
    """Give a browser on pages whose API is down (nothing listens on port 9)."""
    return open_browser()


@pytest.fixture
def signed_in(small_api: Any, open_browser: Any, make_token: Any, account: Any) -> FlaskClient:
    """Give a signed-in browser."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    small_api.on("GET /user/sessions", lambda _asked: (200, [account["session"]]))
    browser: FlaskClient = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())
    return browser


@pytest.fixture
def visit(api_url: str, open_browser: Any) -> Visit:
    """Give a fresh Firefox."""
    client = open_browser(api_url)
    client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    return Visit(client)


@pytest.fixture
def second_visit(visit: Visit) -> Visit:
    """Give another browser on the same pages."""
    client = cast("Flask", visit.client.application).test_client()
    client.environ_base |= {"HTTP_USER_AGENT": CHROME, "REMOTE_ADDR": "203.0.113.7"}
    return Visit(client)


Submit = Callable[..., Any]


@pytest.fixture
def submit() -> Submit:
    """Give a function that fills in a page's form as a person would: with the token that stands in it."""

    def send(browser: FlaskClient, page: str, action: str = "", **fields: str) -> Any:
        shown = browser.get(page, follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', shown)
        assert found, f"no form on {page}"
        return browser.post(action or page, data={"csrf_token": found[1], **fields})

    return send


MakeToken = Callable[..., str]


@pytest.fixture
def make_token() -> MakeToken:
    """Give a function that makes a token of the API's form; the pages read its times and never its signature."""

    def make(lifetime: float = 1800, age: float = 0, **claims: Any) -> str:
        now = time.time() - age
        parts = [{"alg": "HS256"}, {"iss": "pupero", "iat": int(now), "exp": int(now + lifetime), **claims}]
        encoded = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return ".".join([*encoded, "c2lnbmF0dXJl"])

    return make


@pytest.fixture
def account() -> dict[str, Any]:
    """Give an account as GET /user/account shows it."""
    moment = "2027-05-03T14:02:00Z"
    device = {
        "id": "s1",
        "label": "Firefox on Linux",
        "client_address": "203.0.113.7",
        "created_at": moment,
        "last_seen_at": moment,
        "expires_at": moment,
        "remember_me": False,
        "current": True,
    }
    return {
        "user_id": "u1",
        "email": "ada@example.com",
        "email_verified": False,
        "username": "ada",
        "role": "user",
        "phrase": "Red boots",
        "phrase_is_default": False,
        "totp_enabled": False,
        "recovery_codes_left": 0,
        "created_at": moment,
        "last_login_at": moment,
        "fresh_until": moment,
        "session": device,
    }
