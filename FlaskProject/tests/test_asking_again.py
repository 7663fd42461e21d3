"""The password asked for in between, however far apart the clocks of pages and API are."""

from typing import Any

import pytest
from flask.testing import FlaskClient

PROOF = {"current_password": "secret-of-ada"}


@pytest.fixture
def ahead(small_api: Any, open_browser: Any, make_token: Any, account: Any) -> FlaskClient:
    """Give a signed-in browser on pages for whose clock every proof is over as soon as it is given."""
    account["fresh_until"] = "2020-01-01T00:00:00Z"
    small_api.on("GET /user/account", lambda _asked: (200, account))
    small_api.on("PUT /user/update", lambda _asked: (200, {}))
    browser: FlaskClient = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())
    return browser


def test_whoever_has_just_given_the_password_goes_on(
    ahead: FlaskClient, small_api: Any, submit: Any, make_token: Any
) -> None:
    """The API's word counts, not a comparison of two clocks; the session that it began makes the change, and stays."""
    renewed = {"message": "ok", "access_token": make_token(jti="new"), "refresh_token": make_token(9000)}
    small_api.on("POST /reauthenticate", lambda _asked: (200, renewed))
    asked = submit(ahead, "/profile", "/profile/phrase", phrase="Green boots")
    assert "Is it still you?" in asked.text
    assert small_api.calls("PUT /user/update") == []

    answer = submit(ahead, "/profile", "/profile/phrase", phrase="Green boots", **PROOF)

    assert (answer.status_code, answer.headers.get("Location")) == (302, "/profile")
    (change,) = small_api.calls("PUT /user/update")
    assert change["headers"]["Authorization"] == f"Bearer {renewed['access_token']}"
    for name in ("access_token", "refresh_token"):
        kept = ahead.get_cookie(name)
        assert kept
        assert kept.value == renewed[name]


@pytest.mark.parametrize("password", ["", " ", "wrong"])
def test_nobody_else_goes_on(ahead: FlaskClient, small_api: Any, submit: Any, password: str) -> None:
    """A password that was sent but is not right proves nothing."""
    small_api.on("POST /reauthenticate", lambda _asked: (400, {"code": "current_password_invalid", "detail": "no"}))
    answer = submit(ahead, "/profile", "/profile/phrase", phrase="Green boots", current_password=password)

    assert answer.status_code == 200
    assert "Is it still you?" in answer.text
    assert small_api.calls("PUT /user/update") == []
