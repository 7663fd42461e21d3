"""The API did what was asked, and then something after it failed: people read what is certain."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

BUSY = (503, {"code": "busy"}, {"Retry-After": "7"})
CODES = [f"AAAA-BBBB-CCCC-DDDD-EEEE-FFF{number}" for number in range(10)]
SETUP = {"secret": "JBSWY3DPEHPK3PXP", "qr_code": "", "otpauth_uri": "otpauth://totp/x"}


class Api:
    """An API that breaks down for good once it has made a change."""

    def __init__(self, small_api: Any, account: dict[str, Any]) -> None:
        """Know one person."""
        self.whole, self.api = True, small_api
        small_api.on("GET /user/account", lambda _asked: (200, account) if self.whole else BUSY)
        small_api.on("POST /totp/enable/start", lambda _asked: (200, SETUP) if self.whole else BUSY)

    def breaks_after(self, call: str, reply: dict[str, Any]) -> None:
        """Answer this call, and nothing after it."""

        def answer(_asked: Any) -> tuple[int, Any]:
            self.whole = False
            return 200, reply

        self.api.on(call, answer)


@pytest.fixture
def breaking(small_api: Any, account: dict[str, Any]) -> Api:
    """Give an API that will break down."""
    return Api(small_api, account)


@pytest.fixture
def signed_in(breaking: Api, open_browser: Any, make_token: Any) -> FlaskClient:
    """Give a signed-in browser on its pages."""
    browser: FlaskClient = open_browser(breaking.api.url)
    browser.set_cookie("access_token", make_token())
    return browser


NEW_CODES = {"confirm": "POST /totp/enable/confirm", "recovery-codes": "POST /totp/recovery-codes"}


@pytest.mark.parametrize(("action", "call"), NEW_CODES.items(), ids=NEW_CODES.keys())
def test_recovery_codes_are_shown_whatever_fails_after_them(
    signed_in: FlaskClient, breaking: Api, submit: Callable[..., Any], action: str, call: str
) -> None:
    """They are made once and never shown again."""
    breaking.breaks_after(call, {"recovery_codes": CODES})

    answer = submit(signed_in, "/profile", f"/security/totp/{action}", secret=SETUP["secret"], code="123456")

    assert answer.status_code == 200
    assert all(code in answer.text for code in CODES)


@pytest.mark.parametrize(("action", "call"), NEW_CODES.items(), ids=NEW_CODES.keys())
def test_no_codes_are_made_that_could_not_be_shown(
    signed_in: FlaskClient, breaking: Api, submit: Callable[..., Any], action: str, call: str
) -> None:
    """While the API cannot say who is signed in, nothing is changed."""
    breaking.breaks_after(call, {"recovery_codes": CODES})
    breaking.whole = False

    answer = submit(signed_in, "/login", f"/security/totp/{action}", secret=SETUP["secret"], code="123456")

    assert answer.status_code == 503
    assert breaking.api.calls(call) == []


def test_an_account_that_was_opened_is_not_reported_as_an_outage(
    breaking: Api, open_browser: Any, submit: Callable[..., Any]
) -> None:
    """Sending the form once more would only say that the address is taken."""
    breaking.api.on("POST /login", lambda _asked: BUSY)
    breaking.breaks_after("POST /register", {"user_id": "u1"})
    browser: FlaskClient = open_browser(breaking.api.url)

    answer = submit(browser, "/register", email="ada@example.com", password="secret-of-ada")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")
    assert "We have your details" in browser.get("/login").text


def test_a_changed_address_is_not_reported_as_an_outage(
    signed_in: FlaskClient, breaking: Api, submit: Callable[..., Any]
) -> None:
    """The page says what is certain, also while it cannot show the profile."""
    breaking.breaks_after("PUT /user/update", {})
    change = {"new_email": "new@example.com", "current_password": "secret-of-ada"}

    answer = submit(signed_in, "/profile", "/profile/email", **change)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/profile")
    away = signed_in.get("/profile")
    assert away.status_code == 503
    assert "Your change is accepted" in away.text
