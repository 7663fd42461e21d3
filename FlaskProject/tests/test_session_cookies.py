"""The cookies that hold a sign-in: their names, flags and lifetimes."""

from collections.abc import Callable
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest
from flask.testing import FlaskClient

DAY = 86_400
SIGN_IN = {"username": "ada", "password": "correct horse"}


def cookies_of(answer: Any) -> dict[str, Morsel[str]]:
    """Parse what an answer sets."""
    jar = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):
        jar.load(line)
    return dict(jar)


@pytest.fixture
def pair(make_token: Callable[..., str]) -> dict[str, str]:
    """Give the pair of a login without remember-me."""
    return {"access_token": make_token(1800), "refresh_token": make_token(DAY, rem=False)}


@pytest.mark.asvs("3.3.2", "3.3.4", "14.3.3")
def test_both_tokens_are_out_of_scripts_reach(small_api: Any, open_browser: Any, submit: Any, pair: Any) -> None:
    """HttpOnly, this site only, the access token first; without remember-me they end with the browser."""
    small_api.on("POST /login", lambda _asked: (200, pair))
    browser = open_browser(small_api.url)
    session = cookies_of(browser.get("/login"))["pupero_session"]
    answer = submit(browser, "/login", **SIGN_IN)
    cookies = cookies_of(answer)

    assert [name for name in cookies if name.endswith("_token")][:2] == ["access_token", "refresh_token"]
    for cookie in (cookies["access_token"], cookies["refresh_token"], session):
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not any(cookie[flag] for flag in ("domain", "secure", "max-age", "expires"))


@pytest.mark.parametrize(
    "days", [(30, 30, 30), (7, 30, 7), (60, 14, 14)], ids=["the same", "the session's", "the pages'"]
)
def test_remember_me_keeps_both_until_the_sooner_end(
    small_api: Any, open_browser: Any, submit: Any, make_token: Callable[..., str], days: tuple[int, int, int]
) -> None:
    """The session's end or the UI's REMEMBER_ME_DAYS."""
    refresh_days, ui_days, kept_days = days
    pair = {"access_token": make_token(1800), "refresh_token": make_token(refresh_days * DAY, rem=True)}
    small_api.on("POST /login", lambda _asked: (200, pair))
    browser = open_browser(small_api.url, remember_me=timedelta(days=ui_days))
    cookies = cookies_of(submit(browser, "/login", remember_me="true", **SIGN_IN))

    assert small_api.calls("POST /login")[0]["body"]["remember_me"] is True
    assert {cookies[name]["max-age"] for name in ("access_token", "refresh_token")} == {str(kept_days * DAY)}


@pytest.mark.asvs("3.3.1", "3.3.3")
def test_secure_cookies_are_bound_to_the_host(small_api: Any, open_browser: Any, submit: Any, pair: Any) -> None:
    """SECURE_COOKIES=true: `__Host-` names and Secure, the pages' own session too."""
    small_api.on("POST /login", lambda _asked: (200, pair))
    browser = open_browser(small_api.url, secure_cookies=True, samesite="Strict")
    cookies = cookies_of(browser.get("/login")) | cookies_of(submit(browser, "/login", **SIGN_IN))

    for name in ("__Host-access_token", "__Host-refresh_token", "__Host-pupero_session"):
        assert cookies[name]["secure"]
        assert cookies[name]["path"] == "/"
        assert cookies[name]["samesite"] == "Strict"
    assert "access_token" not in cookies


@pytest.fixture
def browser_at_step(small_api: Any, open_browser: Any, make_token: Any) -> FlaskClient:
    """Give a browser behind a trusted proxy whose right password is asked for a code."""
    step = {"code": "totp_required", "detail": "no", "login_token": make_token(300)}
    small_api.on("POST /login", lambda _asked: (400, step))
    browser: FlaskClient = open_browser(small_api.url, trusted_proxy_count=1)
    return browser


@pytest.mark.asvs("3.3.1")
@pytest.mark.parametrize(
    ("scheme", "name", "path"), [("http", "login_token", "/login"), ("https", "__Host-login_token", "/")]
)
def test_the_first_step_is_kept_as_safely(browser_at_step: Any, submit: Any, scheme: str, name: str, path: str) -> None:
    """Over https its name is bound to the host; over http it goes to the login pages only; five minutes at most."""
    browser_at_step.environ_base["HTTP_X_FORWARDED_PROTO"] = scheme
    cookie = cookies_of(submit(browser_at_step, "/login", **SIGN_IN))[name]

    assert (bool(cookie["secure"]), bool(cookie["httponly"]), cookie["samesite"]) == (scheme == "https", True, "Lax")
    assert (cookie["path"], cookie["max-age"]) == (path, "300")


@pytest.mark.asvs("4.1.3")
@pytest.mark.parametrize(("count", "secure"), [(0, False), (1, True)])
def test_only_a_trusted_proxy_makes_a_request_https(open_browser: Any, count: int, secure: bool) -> None:
    """TRUSTED_PROXY_COUNT decides whether X-Forwarded-Proto is believed."""
    browser: FlaskClient = open_browser(trusted_proxy_count=count)
    answer = browser.get("/login", headers={"X-Forwarded-Proto": "https"})

    assert ("__Host-pupero_session" in cookies_of(answer)) is secure
    assert ("Strict-Transport-Security" in answer.headers) is secure


@pytest.mark.asvs("15.3.4")
def test_the_visitor_is_passed_on(small_api: Any, open_browser: Any, submit: Any, pair: Any) -> None:
    """The API limits by the visitor's own address and stores the visitor's own browser."""
    small_api.on("POST /login", lambda _asked: (200, pair))
    browser = open_browser(small_api.url, trusted_proxy_count=1)
    browser.environ_base |= {
        "HTTP_X_FORWARDED_FOR": "198.51.100.1, 203.0.113.7",
        "HTTP_USER_AGENT": "Fire\x00fox/1 \xfc",
        "HTTP_X_REQUEST_ID": "forged-by-the-visitor",
    }
    submit(browser, "/login", **SIGN_IN)
    headers = small_api.calls("POST /login")[0]["headers"]

    assert headers["X-Forwarded-For"] == "203.0.113.7"
    assert headers["User-Agent"] == "Firefox/1"
    assert len(headers["X-Request-ID"]) == 16
    assert "Authorization" not in headers


@pytest.mark.asvs("7.4.1")
def test_a_planted_session_does_not_outlive_the_sign_in(
    small_api: Any, open_browser: Any, submit: Any, pair: Any
) -> None:
    """Whoever slipped a session cookie in beforehand holds a token that no longer works."""
    small_api.on("POST /login", lambda _asked: (200, pair))
    browser: FlaskClient = open_browser(small_api.url)
    browser.get("/login")
    planted = browser.get_cookie("pupero_session")
    submit(browser, "/login", **SIGN_IN)
    after = browser.get_cookie("pupero_session")

    assert planted
    assert after is None or after.value != planted.value


DAMAGED = [
    "x",
    "a.b",
    "a.b.c",
    "....",
    '"',
    "a.b.c\r\nX: y",
    "é.é.é",
    "a" * 3900,
    "e30.e30.e30",
    "e30.W1tbW1t.x",
    "%00",
]


@pytest.mark.parametrize("value", [*DAMAGED, "a." + "W" * 3900 + ".c", "a.eyJleHAiOjFlOTk5LCJpYXQiOjF9.c"])
@pytest.mark.parametrize("name", ["access_token", "refresh_token", "login_token", "pupero_session"])
def test_damaged_cookies_break_nothing(small_api: Any, open_browser: Any, name: str, value: str) -> None:
    """They lead to the login page, and stay: nothing says that they are ours."""
    refused = (401, {"code": "token_invalid", "detail": "no"})
    small_api.on("GET /user/account", lambda _asked: refused)
    small_api.on("POST /refresh", lambda _asked: refused)
    browser: FlaskClient = open_browser(small_api.url)
    browser.set_cookie(name, value)

    assert browser.get("/profile").status_code == 302
    assert browser.get("/login/code").status_code in {200, 302}
    shown = browser.get("/login")
    assert shown.status_code == 200
    assert name == "pupero_session" or browser.get_cookie(name)
