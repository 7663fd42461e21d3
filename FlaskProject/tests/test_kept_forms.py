"""What a form that was not taken leaves behind: for its page, its owner and some minutes, and never a secret."""

import re
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from FlaskProject.tests.conftest import KEY

TAKEN = (409, {"code": "username_taken", "detail": "no"})
LOST = "What you typed could not be kept"


@pytest.fixture
def browser(small_api: Any, open_browser: Any, make_token: Any, account: dict[str, Any]) -> FlaskClient:
    """Give a signed-in browser of somebody whose every change is refused."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    small_api.on("PUT /user/update", lambda _asked: TAKEN)
    client: FlaskClient = open_browser(small_api.url)
    client.set_cookie("access_token", make_token(sub="ada", sid="s1"))
    return client


def refuse(browser: FlaskClient, path: str = "/profile/username", **fields: str) -> Any:
    """Send a form of the profile, and stay at the answer."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/profile").text)
    assert found
    return browser.open(path, method="POST", data={"csrf_token": found[1], **fields})


@pytest.mark.asvs("3.3.2", "3.3.4", "14.3.3", "11.3.3")
def test_a_refusal_leads_to_its_page_once(browser: FlaskClient) -> None:
    """By 303 and an encrypted cookie, which the page takes away; a page beside it neither shows nor takes it."""
    answer = refuse(browser, username="grace", password="secret-of-ada")
    [cookie] = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("form_refused")]
    kept = browser.get_cookie("form_refused")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/profile")
    assert re.search("Max-Age=300; HttpOnly; Path=/; SameSite=Lax$", cookie)
    assert kept
    assert len(kept.value) < 1900

    assert "Somebody else has this username" not in browser.get("/password/forgot").text
    shown = browser.get("/profile").text
    assert "Somebody else has this username" in shown
    assert 'value="grace"' in shown
    assert "Somebody else has this username" not in browser.get("/profile").text
    for spoilt in (kept.value[:-4] + "AAAA", kept.value[4:], "é", ""):
        browser.set_cookie("form_refused", spoilt)
        assert "Somebody else has this username" not in browser.get("/profile").text
    browser.set_cookie("form_asked", kept.value)
    assert browser.get("/reauthenticate").headers["Location"] == "/security"


@pytest.mark.asvs("3.3.1", "3.3.3")
def test_over_https_it_is_bound_to_this_host(open_browser: Any) -> None:
    """As every cookie of these pages."""
    browser = open_browser(secure_cookies=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/login", base_url="https://localhost").text)
    assert found
    form = {"csrf_token": found[1]}
    answer = browser.open("/login", method="POST", base_url="https://localhost", data=form)

    [cookie] = [value for value in answer.headers.getlist("Set-Cookie") if "form_refused" in value]
    assert cookie.startswith("__Host-form_refused=")
    assert "Secure; HttpOnly; Path=/" in cookie


def test_the_next_sign_in_sees_nothing_of_it(browser: FlaskClient, make_token: Any) -> None:
    """Also of the same person: a sign-in begins with nothing left of the one before."""
    refuse(browser, username="grace")
    browser.set_cookie("access_token", make_token(sub="ada", sid="s2"))

    assert "grace" not in browser.get("/profile").text


def test_it_is_gone_after_some_minutes(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the browser itself makes of the time; one from the future is void."""
    refuse(browser, username="grace")
    now = time.time()
    for off in (301, -61):
        monkeypatch.setattr(time, "time", lambda off=off: now + off)
        assert 'value="grace"' not in browser.get("/profile").text


def test_what_is_too_long_is_said_to_be_lost(browser: FlaskClient) -> None:
    """The reasons stay, and the rest of the form."""
    refuse(browser, username="g" * 5000, phrase="Red & boots")
    shown = browser.get("/profile").text

    assert "Somebody else has this username" in shown
    assert "too long to be kept" in shown
    assert "ggg" not in shown
    assert 'value="Red &amp; boots"' in shown
    assert refuse(browser, f"/security/passkeys/{'k' * 3000}/rename", name="").headers["Location"] == "/security"


def test_a_replaced_key_still_opens_what_it_sealed(browser: FlaskClient, open_browser: Any, small_api: Any) -> None:
    """For the minutes that it takes."""
    refuse(browser, username="grace")
    after = open_browser(small_api.url, secret_key="n" * 30 + "ew", secret_key_fallbacks=("other", KEY))
    for name in ("access_token", "form_refused"):
        cookie = browser.get_cookie(name)
        assert cookie
        after.set_cookie(name, cookie.value)

    assert 'value="grace"' in after.get("/profile").text


def test_no_address_says_what_the_password_is_for(browser: FlaskClient) -> None:
    """The page of "Is it still you?" knows it from this sign-in's own cookie alone."""
    asked = browser.get("/reauthenticate?action=/account/delete&at=/reauthenticate")

    assert asked.headers["Location"] == "/security"


@pytest.mark.parametrize("returns", ["ada", "eve"])
def test_what_was_typed_waits_for_its_owner(  # noqa: PLR0913 a test names its fixtures
    browser: FlaskClient, small_api: Any, submit: Any, make_token: Any, account: Any, *, returns: str
) -> None:
    """The sign-in is over; whoever signs in as the same person has it back, anybody else learns nothing of it."""
    small_api.on("PUT /user/update", lambda _asked: (401, {"code": "session_ended"}))
    small_api.on("POST /logout", lambda _asked: (200, {}))
    led = refuse(browser, "/profile/email", new_email="new@example.com", current_password="secret-of-ada")
    small_api.on("GET /user/account", lambda _asked: (401, {"code": "session_ended"}))
    assert led.headers["Location"] == "/login?next=/profile"
    assert "what you typed is there" in browser.get("/login?next=/profile").text

    pair = {name: make_token(sub=returns, sid="s2") for name in ("access_token", "refresh_token")}
    small_api.on("POST /login", lambda _asked: (200, pair))
    assert submit(browser, "/login", username="x", password="y").status_code == 302
    small_api.on("GET /user/account", lambda _asked: (200, account))
    shown = browser.get("/profile").text
    assert ("nothing was sent yet" in shown) == ('value="new@example.com"' in shown) == (returns == "ada")
    assert ("Please type passwords and codes again" in shown) == (returns == "ada")
    assert browser.get_cookie("form_unsent") is None


def test_a_form_of_nobody_known_is_said_to_be_lost(open_browser: Any, submit: Any) -> None:
    """Whose it is cannot be told from it."""
    browser = open_browser()
    led = submit(browser, "/login", "/profile/phrase", phrase="Red boots")

    assert led.headers["Location"] == "/login?next=/profile"
    page = browser.get("/login").text
    assert LOST in page
    assert "Red boots" not in page
