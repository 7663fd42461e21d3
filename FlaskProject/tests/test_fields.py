"""What fields tell browsers, keyboards and password managers."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient


@pytest.fixture
def signed_in(small_api: Any, open_browser: Any, make_token: Any, account: Any) -> FlaskClient:
    """Give a signed-in browser."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    browser: FlaskClient = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())
    return browser


@pytest.mark.parametrize(
    ("path", "name"), [("/register", "email"), ("/password/forgot", "email"), ("/profile", "new_email")]
)
def test_browsers_help_with_addresses_and_judge_none(
    browser: FlaskClient, signed_in: FlaskClient, path: str, name: str
) -> None:
    """Their `email` type refuses letters beyond ASCII, which the API takes."""
    page = (signed_in if path == "/profile" else browser).get(path).text
    field = re.search(rf'<input id="{name}"[^>]*>', page)

    assert field
    assert 'type="text"' in field[0]
    for hint in ('inputmode="email"', 'autocomplete="email"', 'autocapitalize="none"', 'spellcheck="false"'):
        assert hint in field[0]
