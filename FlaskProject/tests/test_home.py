"""The front page of whoever is signed in."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

LATER = "2027-05-03T14:30:00Z"


@pytest.fixture
def browser(small_api: Any, open_browser: Any, make_token: Any) -> FlaskClient:
    """Give a signed-in browser."""
    client: FlaskClient = open_browser(small_api.url)
    client.set_cookie("access_token", make_token())
    return client


def test_one_code_is_one_code(small_api: Any, browser: FlaskClient, account: Any) -> None:
    """The front page counts as people do."""
    for left, words in ((9, "On, 9 recovery codes left"), (1, "On, 1 recovery code left")):
        person = account | {"totp_enabled": True, "recovery_codes_left": left}
        small_api.on("GET /user/account", lambda _asked, person=person: (200, person))
        assert words in browser.get("/").text


def test_it_says_when_and_where_this_browser_signed_in(small_api: Any, browser: FlaskClient, account: Any) -> None:
    """With nobody since, there is nothing more to say."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    page = browser.get("/").text

    assert '<time datetime="2027-05-03T14:02:00+00:00">' in page
    page = re.sub("<[^>]+>", "", page)
    assert "Firefox on Linux, 3 May 2027, 14:02 UTC" in page
    assert "from 203.0.113.7" in page
    assert "Latest sign-in" not in page


def test_it_says_where_somebody_signed_in_since(small_api: Any, browser: FlaskClient, account: Any) -> None:
    """By name and address while that device is signed in; afterwards only that it was."""
    here = account["session"]
    there = here | {"id": "s2", "label": "Chrome on Windows", "client_address": "198.51.100.4", "created_at": LATER}
    small_api.on("GET /user/account", lambda _asked: (200, account | {"last_login_at": LATER}))

    for devices, words in (([here, there], "Chrome on Windows"), ([here], "no longer signed in")):
        small_api.on("GET /user/sessions", lambda _asked, devices=devices: (200, devices))
        page = re.sub("<[^>]+>", "", browser.get("/").text)
        assert "Latest sign-in" in page
        assert f"{words}, 3 May 2027, 14:30 UTC" in page
        assert ("from 198.51.100.4" in page) == (there in devices)
