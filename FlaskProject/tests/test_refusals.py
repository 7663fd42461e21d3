"""What people read when the API says no."""

from typing import Any

import pytest

UNSEEN = {"loc": ["body", "username"], "code": "invisible_character"}
SIGN_IN = {"username": "ada", "password": "secret-of-ada"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [("1", "1 second"), ("59", "59 seconds"), ("60", "1 minute"), ("61", "2 minutes"), ("7200", "2 hours")],
)
def test_a_limit_says_how_long_to_wait(
    small_api: Any, open_browser: Any, submit: Any, seconds: str, words: str
) -> None:
    """In words; clients ask the API, which says it in a header, too."""
    refused = (429, {"code": "too_many_attempts", "detail": "no"}, {"Retry-After": seconds})
    small_api.on("POST /login", lambda _asked: refused)
    answer = submit(open_browser(small_api.url), "/login", **SIGN_IN)

    assert answer.status_code == 200
    assert f"try again in {words}." in answer.text
    assert "secret-of-ada" not in answer.text


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ((400, {"code": "account_disabled"}), "This account is switched off"),
        ((400, {"code": "email_unverified"}), "follow the link in the mail"),
        ((400, {"code": "brand_new"}), "That did not work"),
        ((403, {"code": "insecure_configuration"}), "not set up for visitors"),
        ((400, {"code": "totp_invalid", "clock_off": True}), "the clock of your phone seems off"),
        ((422, {"code": "validation_error", "detail": [{"loc": ["body"], "msg": "x"}]}), "cannot be used as it is"),
        ((422, {"code": "validation_error", "detail": "odd"}), "cannot be used as it is"),
        ((422, {"code": "validation_error", "detail": [UNSEEN]}), "cannot be seen, such as a line break"),
        ((422, {"code": "validation_error", "detail": [UNSEEN | {"code": "of_tomorrow"}]}), "Use 3 to 50 letters"),
        ((503, {"code": "secret_unreadable"}), "Your second factor cannot be read"),
        ((503, {"code": "outcome_unknown"}), "Please look whether the change was made"),
        ((500, {"code": "internal_error"}), "Something broke on our side"),
    ],
)
def test_each_refusal_has_its_sentence(
    small_api: Any, open_browser: Any, submit: Any, refused: tuple[int, Any], words: str
) -> None:
    """On the form that was sent."""
    small_api.on("POST /login", lambda _asked: refused)
    answer = submit(open_browser(small_api.url), "/login", **SIGN_IN)

    assert answer.status_code == (503 if refused[0] >= 500 else 200)
    assert words in answer.text
    assert 'value="ada"' in answer.text


def test_a_page_that_is_refused_says_why(small_api: Any, open_browser: Any, make_token: Any) -> None:
    """Without a form to come back to, there is a page of its own."""
    small_api.on("GET /user/account", lambda _asked: (403, {"code": "insecure_configuration", "detail": "no"}))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())
    answer = browser.get("/profile")

    assert answer.status_code == 403
    assert "not set up for visitors" in answer.text
    assert browser.get_cookie("access_token")


def test_a_limit_at_the_login_page_signs_nobody_out(small_api: Any, open_browser: Any, make_token: Any) -> None:
    """Only a sign-in that is over loses its cookies."""
    refused = (429, {"code": "too_many_attempts", "detail": "no"}, {"Retry-After": "120"})
    small_api.on("GET /user/account", lambda _asked: refused)
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    assert "try again in 2 minutes." in browser.get("/login").text
    assert browser.get_cookie("access_token")
