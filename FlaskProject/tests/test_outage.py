"""The API down, slow, or answering nonsense: a page, quickly, with what was typed."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Event, Semaphore, Thread
from typing import Any

import pytest
from flask.testing import FlaskClient

from FlaskProject.backend.api import READ_SECONDS
from testing.quiet import QuietHttpServer

TYPED = {"username": "ada&co", "email": "ada@example.com", "password": "secret-of-ada"}
PATIENCE = 60.0  # seconds: a page has its answer in ten, on a crowded machine a little later
INNER = ("127.0.0.1", "Traceback", "Connection", "requests", "urllib3", "http://")

NONSENSE: dict[str, Any] = {
    "html": (200, b"<html>hello</html>"),
    "empty": (200, b""),
    "other fields": (200, {"hello": "world"}),
    "wrong types": (200, {"access_token": 5, "refresh_token": []}),
    "a list": (200, [1, 2]),
    "a number": (200, 7),
    "deep": (200, b"[" * 100_000),
    "huge": (200, b'"' + b"a" * 3_000_000 + b'"'),
    "redirect": (302, b"", {"Location": "http://127.0.0.1:9/"}),
    "error page": (500, b"<h1>Traceback</h1>"),
    "gateway": (502, b"bad gateway"),
    "no code": (404, {"detail": "Not Found"}),
    "odd code": (400, {"code": 7}),
    "teapot": (418, b"short and stout"),
}


@pytest.fixture
def read_seconds() -> float:
    """Let pages wait as they do."""
    return READ_SECONDS


@pytest.fixture
def dripping_api() -> Iterator[str]:
    """Give an API that sends one byte of a long answer every 50 ms, for two minutes."""

    class Drip(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

        def do_GET(self) -> None:
            """Trickle."""
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            with suppress(OSError):
                for _ in range(2400):
                    self.wfile.write(b" ")
                    time.sleep(0.05)

    server = QuietHttpServer(("127.0.0.1", 0), Drip)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def slow(_asked: Any) -> tuple[int, Any]:
    """Answer after more than anybody waits."""
    time.sleep(2 * PATIENCE)
    return 200, {}


def is_friendly(answer: Any) -> bool:
    """Tell whether a page says what is the matter without a word about our insides."""
    return answer.status_code == 503 and not any(word in answer.text for word in INNER)


def hidden_fields(page: Any) -> dict[str, str]:
    """Return what a page sends along with what a person types."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/password/forgot", "/account/deleted"])
def test_public_pages_stand_without_the_api(browser: FlaskClient, path: str) -> None:
    """Nothing to ask, nothing to wait for."""
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/register", "/password/forgot"])
def test_a_form_says_that_the_api_is_down(browser: FlaskClient, submit: Any, path: str) -> None:
    """It keeps what was typed, never the password."""
    started = time.monotonic()
    answer = submit(browser, path, **TYPED)

    assert time.monotonic() - started < PATIENCE
    assert is_friendly(answer)
    assert "does not answer right now" in answer.text
    assert "secret-of-ada" not in answer.text
    assert "ada&amp;co" in answer.text or "ada@example.com" in answer.text
    assert "Please type passwords and codes again" in answer.text


@pytest.mark.asvs("15.3.2")
@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_an_outage(small_api: Any, open_browser: Any, submit: Any, nonsense: Any) -> None:
    """Whatever listens on the API's port, people read a sentence."""
    small_api.on("POST /login", lambda _asked: nonsense)

    assert is_friendly(submit(open_browser(small_api.url), "/login", **TYPED))


@pytest.mark.parametrize("path", ["/", "/profile", "/security", "/account/delete"])
def test_signed_in_pages_do_not_wait_for_long(small_api: Any, open_browser: Any, make_token: Any, path: str) -> None:
    """A slow API gives a page with a way to try again."""
    small_api.on("GET /user/account", slow)
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    started = time.monotonic()
    answer = browser.get(path)

    assert time.monotonic() - started < PATIENCE
    assert is_friendly(answer)
    assert "Try again" in answer.text
    assert browser.get_cookie("access_token")


def test_an_answer_that_drips_in_is_given_up(open_browser: Any, make_token: Any, dripping_api: str) -> None:
    """Bytes that trickle forever keep no page waiting."""
    browser = open_browser(dripping_api)
    browser.set_cookie("access_token", make_token())

    started = time.monotonic()
    answer = browser.get("/profile")

    assert time.monotonic() - started < PATIENCE
    assert is_friendly(answer)


def test_a_form_behind_the_sign_in_keeps_what_was_typed(
    small_api: Any, open_browser: Any, submit: Any, make_token: Any, account: Any
) -> None:
    """The page itself needs the API; a page of its own holds the form meanwhile."""
    up = {"is": True}
    busy = (503, {"code": "busy"}, {"Retry-After": "7"})
    small_api.on("GET /user/account", lambda _asked: (200, account) if up["is"] else busy)
    small_api.on("PUT /user/update", lambda _asked: up.update({"is": False}) or busy)
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    new = {"new_email": "new@example.com", "current_password": "secret-of-ada"}
    answer = submit(browser, "/profile", "/profile/email", **new)

    assert is_friendly(answer)
    assert answer.headers["Retry-After"] == "7"
    assert "try again in 7 seconds" in answer.text
    assert 'value="new@example.com"' in answer.text
    assert 'action="/profile/email"' in answer.text
    assert re.search(
        r'name="current_password" type="password" value="" *autocomplete="current-password"[^>]* required', answer.text
    )
    assert "Please type passwords and codes again" in answer.text
    assert "(optional)" not in answer.text
    assert "secret-of-ada" not in answer.text


def test_no_page_without_the_phrase_asks_for_a_password(
    small_api: Any, open_browser: Any, submit: Any, make_token: Any, account: Any
) -> None:
    """The page that takes the form's place leads to the form's own page, which does, and changes nothing."""
    up = {"is": True}
    for call, reply in {"GET /user/account": account, "GET /user/sessions": []}.items():
        small_api.on(call, lambda _asked, reply=reply: (200, reply) if up["is"] else (503, {"code": "busy"}))
    small_api.on("PUT /user/update", lambda _asked: up.update({"is": False}) or (504, b"gateway timeout"))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    new = {"current_password": "secret-of-ada", "new_password": "next secret of Ada"}
    away = submit(browser, "/profile", "/security/password", **new)
    assert is_friendly(away)
    assert "Red boots" not in away.text
    assert "We cannot tell whether the change was made" in away.text
    assert 'type="password"' not in away.text

    up["is"] = True
    again = browser.post("/security/password", data=hidden_fields(away))
    assert again.status_code == 200
    assert "Red boots" in again.text
    assert re.search(r'name="current_password" type="password" value="" [^>]*autofocus', again.text)
    assert len(small_api.calls("PUT /user/update")) == 1


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        ((503, {"code": "busy"}), "Nothing has changed."),
        ((500, {"code": "internal_error"}), "We cannot tell whether the change was made"),
        ((502, b"bad gateway"), "We cannot tell whether the change was made"),
        ((503, {"code": "database_unavailable"}), "Nothing has changed;"),
    ],
    ids=["busy", "fault", "gateway", "database"],
)
@pytest.mark.parametrize("away", [False, True], ids=["page up", "page away"])
def test_what_became_of_a_change_is_told(  # noqa: PLR0913 a test names its fixtures
    small_api: Any,
    open_browser: Any,
    submit: Any,
    make_token: Any,
    account: Any,
    *,
    reply: Any,
    sentence: str,
    away: bool,
) -> None:
    """By the page that the form stands on, and by the one that takes its place; what may be done is not sent again."""
    up = {"is": True}
    small_api.on("GET /user/account", lambda _asked: (200, account) if up["is"] else (503, {"code": "busy"}))
    small_api.on("GET /user/sessions", lambda _asked: (200, []))
    small_api.on("DELETE /user/sessions", lambda _asked: up.update({"is": not away}) or reply)
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    answer = submit(browser, "/profile", "/security/sessions/end-others")

    assert is_friendly(answer)
    assert sentence in answer.text
    assert ('name="look"' in answer.text) == (away and sentence.startswith("We cannot"))


def test_a_change_that_reached_nobody_was_not_made(browser: FlaskClient, submit: Any, make_token: Any) -> None:
    """Nothing listens where the API should be."""
    browser.set_cookie("access_token", make_token())
    answer = submit(browser, "/login", "/security/totp/disable")

    assert is_friendly(answer)
    assert "Nothing has changed." in answer.text


def test_showing_passwords_during_an_outage_deletes_no_account(
    small_api: Any, open_browser: Any, submit: Any, make_token: Any, account: Any
) -> None:
    """Trying again shows the form as it was asked for, and deletes nothing."""
    up = {"is": True}
    small_api.on("GET /user/account", lambda _asked: (200, account) if up["is"] else (503, {"code": "busy"}))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())
    up["is"] = False
    pressed = {"current_password": "secret-of-ada", "confirm": "true", "passwords": "show"}
    away = submit(browser, "/login", "/account/delete", **pressed)
    assert is_friendly(away)
    assert 'href="/account/delete"' in away.text

    up["is"] = True
    again = browser.get("/account/delete")

    assert again.status_code == 200
    assert re.search(r'<input id="current_password" name="current_password" type="text"', again.text)
    assert "Delete your account" in again.text
    assert small_api.calls("POST /user/delete") == []


def test_a_second_factor_begun_before_an_outage_can_be_finished_after_it(
    small_api: Any, open_browser: Any, submit: Any, make_token: Any, account: Any
) -> None:
    """No outage page repeats the secret, so trying again brings the set-up back."""
    up, setup = {"is": True}, {"secret": "JBSWY3DPEHPK3PXP", "qr_code": "", "otpauth_uri": "otpauth://totp/x"}
    for call, reply in {"GET /user/account": account, "POST /totp/enable/start": setup}.items():
        small_api.on(call, lambda _asked, reply=reply: (200, reply) if up["is"] else (503, {"code": "busy"}))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())
    up["is"] = False
    typed = {"secret": setup["secret"], "code": "123456"}
    away = submit(browser, "/login", "/security/totp/confirm", **typed)
    assert is_friendly(away)
    assert setup["secret"] not in away.text

    up["is"] = True
    again = browser.post("/security/totp/confirm", data=hidden_fields(away))

    assert again.status_code == 200
    assert f'name="secret" value="{setup["secret"]}"' in again.text
    assert small_api.calls("POST /totp/enable/confirm") == []


def test_signing_out_works_without_the_api(browser: FlaskClient, submit: Any, make_token: Any) -> None:
    """On a shared computer the cookies must go, whatever the API does."""
    page = browser.get("/login")
    assert page.status_code == 200
    browser.set_cookie("access_token", make_token())
    browser.set_cookie("refresh_token", make_token())
    answer = submit(browser, "/login", "/logout")

    assert answer.status_code == 302
    assert browser.get_cookie("access_token") is None
    assert browser.get_cookie("refresh_token") is None
    assert "could not be told" in browser.get("/login").text


def test_a_reused_connection_that_died_is_no_outage(
    small_api: Any, open_browser: Any, make_token: Any, account: Any
) -> None:
    """Servers close idle connections; a page asks again."""
    small_api.on("GET /user/account", lambda _asked: (200, account, {"Connection": "close"}))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    assert [browser.get("/profile").status_code for _ in range(3)] == [200, 200, 200]


def test_waiting_sign_ins_leave_threads_for_other_pages(open_browser: Any, small_api: Any) -> None:
    """An API that hangs holds three quarters of the threads at most: one more is answered at once, and sent later."""
    hanging, go_on = Semaphore(0), Event()

    def hang(_asked: Any) -> Any:
        hanging.release()
        go_on.wait(60)
        return 400, {"code": "invalid_credentials"}

    small_api.on("POST /login", hang)
    app = open_browser(small_api.url, threads=4).application
    with ThreadPoolExecutor(3) as crowd:
        waiting = [crowd.submit(sign_in, app.test_client()) for _ in range(3)]
        assert all(hanging.acquire(timeout=60) for _ in waiting)
        refused = sign_in(app.test_client())
        go_on.set()

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "very busy" in refused.text
    assert TYPED["username"].replace("&", "&amp;") in refused.text
    assert [answer.result().status_code for answer in waiting] == [200] * 3
    assert sign_in(app.test_client()).status_code == 200


def sign_in(browser: FlaskClient) -> Any:
    """Send the form of the sign-in page."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/login").text)
    assert token
    form = {"username": TYPED["username"], "password": TYPED["password"], "csrf_token": token[1]}
    return browser.post("/login", data=form)
