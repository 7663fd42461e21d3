"""A trusted device on the pages: a box beside the code, a cookie that outlives signing out, and where it goes."""

from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest
from flask.testing import FlaskClient

TOKEN = "Jm3xQ0tq2mZ6bV1o8C4nLsgX7kYp5rT9uWvA0dEfGhI"
MONTH = 2592000  # seconds
SIGN_IN = {"username": "ada", "password": "blue herons"}
BOX = "For 30 days, ask only for my password on this device"


@pytest.fixture
def ask_for_code(small_api: Any, make_token: Any) -> Callable[..., None]:
    """Give a function after which the API asks for a code, and trusts the device for as long as it is told."""
    pair = {"access_token": make_token(1800), "refresh_token": make_token(86400, rem=False)}

    def answer(asked: Any, seconds: object) -> tuple[int, Any]:
        body = asked["body"]
        if body.get("device_token") == TOKEN:
            return 200, pair
        if "totp" not in body:
            refusal = {"code": "totp_required", "login_token": make_token(300), "factors": ["totp"]}
            return 400, refusal | {"trust_seconds": seconds}
        trusted = {"device_token": TOKEN, "device_token_expires_in": MONTH} if body["trust_device"] else {}
        return 200, pair | trusted

    def ask(seconds: object = MONTH) -> None:
        small_api.on("POST /login", lambda asked: answer(asked, seconds))
        small_api.on("POST /logout", lambda _asked: (200, {"message": "Signed out."}))

    return ask


@pytest.mark.asvs("3.3.2", "3.3.4")
@pytest.mark.parametrize(
    ("secure", "name", "path"), [(False, "device_token", "/login"), (True, "__Host-device_token", "/")]
)
def test_the_cookie_is_for_signing_in_alone(  # noqa: PLR0913, PLR0917 what the API says, and how the pages are served
    ask_for_code: Any, small_api: Any, open_browser: Any, submit: Any, secure: bool, name: str, path: str
) -> None:
    """As safe as the others, and kept past signing out; to the API it goes with the password, and with nothing else."""
    ask_for_code()
    scheme = "https" if secure else "http"
    browser: FlaskClient = open_browser(small_api.url, trusted_proxy_count=1)
    browser.environ_base["HTTP_X_FORWARDED_PROTO"] = scheme
    submit(browser, "/login", **SIGN_IN)
    page = browser.get("/login/code").text
    answer = submit(browser, "/login/code", totp="123456", trust_device="true")
    [cookie] = [jar[name] for header in answer.headers.getlist("Set-Cookie") if name in (jar := SimpleCookie(header))]
    submit(browser, "/logout")
    again = submit(browser, "/login", **SIGN_IN)

    assert BOX in page
    assert BOX not in browser.get("/login/code?with=recovery").text
    flags = (bool(cookie["secure"]), bool(cookie["httponly"]), cookie["samesite"], cookie["path"], cookie["max-age"])
    assert flags == (secure, True, "Lax", path, str(MONTH))
    assert again.headers["Location"] == "/"
    bodies = [asked["body"] for asked in small_api.asked if "device_token" in (asked["body"] or {})]
    assert bodies == [SIGN_IN | {"remember_me": False, "device_token": TOKEN}]


@pytest.mark.parametrize("seconds", [0, None, "30", -1, [1]])
def test_where_the_api_trusts_none_there_is_no_box(
    ask_for_code: Any, small_api: Any, open_browser: Any, submit: Any, seconds: object
) -> None:
    """Switched off, of the version before, or nonsense."""
    ask_for_code(seconds)
    browser = open_browser(small_api.url)
    submit(browser, "/login", **SIGN_IN)
    page = browser.get("/login/code").text

    assert "Enter your code" in page
    assert "trust_device" not in page


def test_a_damaged_cookie_is_no_token(ask_for_code: Any, small_api: Any, open_browser: Any, submit: Any) -> None:
    """Nothing of it reaches the API; the code is asked for."""
    ask_for_code()
    browser: FlaskClient = open_browser(small_api.url)
    browser.set_cookie("device_token", "<script>", path="/login")
    answer = submit(browser, "/login", **SIGN_IN)

    assert answer.headers["Location"].startswith("/login/code")
    assert "device_token" not in small_api.calls("POST /login")[0]["body"]
