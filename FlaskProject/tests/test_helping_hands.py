"""What is known already goes along: nobody types it twice, and nothing is done that changes nothing."""

import re
from typing import Any

import pytest

from FlaskProject.messages import t
from testing.visits import PASSWORD

UNCHANGED = {
    "/profile/phrase": ({"phrase": "Red boots"}, "phrase.unchanged"),
    "/profile/username": ({"username": "ada"}, "username.unchanged"),
    "/profile/email": ({"new_email": "ada@example.com", "current_password": "x"}, "email.unchanged"),
}


@pytest.mark.parametrize(("path", "typed", "key"), [(path, *said) for path, said in UNCHANGED.items()], ids=UNCHANGED)
def test_what_is_so_already_is_not_changed(  # noqa: PLR0913 a test names its fixtures
    small_api: Any,
    open_browser: Any,
    submit: Any,
    make_token: Any,
    account: Any,
    *,
    path: str,
    typed: Any,
    key: str,
) -> None:
    """No mail tells of it, and no password is asked for."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    assert submit(browser, "/profile", path, **typed).status_code == 302
    assert t(key) in browser.get("/profile").text
    assert {asked["call"] for asked in small_api.asked} == {"GET /user/account"}


def test_what_was_typed_at_the_sign_in_goes_along(browser: Any, submit: Any) -> None:
    """In the form's body, and no mail is sent before somebody asks for it; a username is no address."""
    typed = {"username": "ada@example.com", "password": "secret-of-ada", "look": "form"}
    page = submit(browser, "/login", "/password/forgot", **typed)

    assert page.status_code == 200
    assert re.search(r'name="email" type="text" dir="auto" value="ada@example.com"', page.text)
    assert "secret-of-ada" not in page.text
    assert page.text.count(" autofocus") == 1
    assert (
        'name="email" type="text" dir="auto" value=""'
        in submit(browser, "/login", "/password/forgot", look="", username="ada").text
    )


def test_an_account_that_waits_for_its_mail_is_told_where_it_went(
    small_api: Any, open_browser: Any, submit: Any
) -> None:
    """A mistyped address is seen at once; without having sent the form there is nothing to see."""
    small_api.on("POST /register", lambda _asked: (200, {"user_id": "u1"}))
    small_api.on("POST /login", lambda _asked: (400, {"code": "email_unverified", "detail": "no"}))
    browser = open_browser(small_api.url)
    assert browser.get("/register/mailed").headers["Location"] == "/register"
    assert browser.get("/password/mailed").headers["Location"] == "/password/forgot"

    answer = submit(browser, "/register", email="ada@exmaple.com", password=PASSWORD)

    assert answer.headers["Location"] == "/register/mailed"
    assert "ada@exmaple.com" in browser.get("/register/mailed").text
