"""Showing a second factor for a page of another application, and back to it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

PAGE = "/auth/step-up?next=/app/x?y%3Dz"


@pytest.fixture
def signed_in(small_api: Any, open_browser: Any, make_token: Any, account: dict[str, Any]) -> Callable[..., Any]:
    """Give a function that opens a browser signed in to the account that differs so."""

    def open_it(**changes: Any) -> FlaskClient:
        told = account | {"amr": ["pwd"], "passkeys": 0, "totp_enabled": True} | changes
        small_api.on("GET /user/account", lambda _asked: (200, told))
        browser: FlaskClient = open_browser(small_api.url)
        browser.set_cookie("access_token", make_token())
        return browser

    return open_it


@pytest.mark.asvs("6.3.3", "7.5.3")
def test_password_and_code_lead_on_in_a_new_session(
    signed_in: Any, small_api: Any, submit: Any, make_token: Any
) -> None:
    """A wrong code brings the form back, the page asked for still in it."""
    browser = signed_in()
    wrong = (400, {"code": "totp_invalid", "detail": "no"})
    small_api.on("POST /reauthenticate", lambda _asked: wrong)
    back = submit(browser, PAGE, "/auth/step-up", current_password="right", totp="000000", next="/app/x?y=z")
    assert back.status_code == 200
    assert 'name="next" value="/app/x?y=z"' in back.text

    pair = {"access_token": make_token(), "refresh_token": make_token()}
    small_api.on("POST /reauthenticate", lambda _asked: (200, pair))
    led = submit(browser, PAGE, "/auth/step-up", current_password="right", totp="123456", next="/app/x?y=z")
    assert led.headers["Location"] == "/app/x?y=z"
    assert browser.get_cookie("access_token").value == pair["access_token"]
    assert small_api.calls("POST /reauthenticate")[-1]["body"]["totp"] == "123456"


def test_an_empty_form_asks_nobody(signed_in: Any, small_api: Any, submit: Any) -> None:
    """What is missing is said at once."""
    answer = submit(signed_in(), PAGE, "/auth/step-up", current_password="", next="/app/x")

    assert answer.status_code == 200
    assert small_api.calls("POST /reauthenticate") == []


def test_who_has_shown_one_goes_on(signed_in: Any) -> None:
    """Another tab may have been faster."""
    assert signed_in(amr=["pwd", "otp"]).get(PAGE).headers["Location"] == "/app/x?y=z"


@pytest.mark.asvs("3.7.2")
def test_the_way_back_is_none_to_another_site(signed_in: Any, submit: Any, small_api: Any, make_token: Any) -> None:
    """Neither of the address nor of the form."""
    evil = "https://evil.example/"
    assert signed_in(amr=["hwk"]).get("/auth/step-up", query_string={"next": evil}).headers["Location"] == "/"

    pair = {"access_token": make_token(), "refresh_token": make_token()}
    small_api.on("POST /reauthenticate", lambda _asked: (200, pair))
    sent = submit(signed_in(), PAGE, "/auth/step-up", current_password="right", totp="123456", next=evil)
    assert sent.headers["Location"] == "/"


def test_a_stranger_signs_in_first(browser: FlaskClient) -> None:
    """And comes to the page itself, whose proxy asks again."""
    assert browser.get(PAGE).headers["Location"] == "/login?next=/app/x?y%3Dz"


def test_who_has_none_is_led_to_set_one_up(signed_in: Any) -> None:
    """There is nothing to type."""
    page = signed_in(totp_enabled=False).get(PAGE).text

    assert 'href="/security#totp"' in page
    assert "current_password" not in page
