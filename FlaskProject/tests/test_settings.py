"""Settings: what each is now, and its form, folded up until somebody wants it or it has come back."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from FlaskProject.messages import t

NEW = {"new_email": "nobody", "current_password": "x"}
WEAK = {"current_password": "x", "new_password": "short"}
IN_FORM = {"loc": ["body", "new_email"], "msg": "no", "code": "not_an_email"}
WRONG_EMAIL = (422, {"code": "validation_error", "detail": [IN_FORM]})
WRONG_PASSWORD = (400, {"code": "current_password_invalid"})
CAME_BACK = [
    ("/profile", "/profile/username", {"username": ""}, (200, {}), ["username"]),
    ("/profile", "/profile/email", NEW, WRONG_EMAIL, ["new_email", "current_password"]),
    ("/profile", "/profile/phrase", {"phrase": "", "passwords": "show"}, (200, {}), ["phrase"]),
    ("/security", "/security/password", WEAK, WRONG_PASSWORD, ["current_password", "new_password"]),
]


def open_fields(page: str) -> list[str]:
    """Return the fields that are in an open form."""
    opened = re.findall(r'<details class="edit" open>.*?</details>', page, re.DOTALL)
    return re.findall(r'<input id="(\w+)"', "".join(opened))


def test_each_setting_stands_beside_its_edit(signed_in: FlaskClient) -> None:
    """The value is read without opening anything."""
    page = signed_in.get("/profile").text

    assert page.count('<details class="edit">') == 4
    assert open_fields(page) == []
    for value in ("Red boots", "ada", "ada@example.com"):
        assert re.search(rf'<p class="value">[^<]*<bdi>{value}</bdi>', page)


@pytest.mark.parametrize(("page", "path", "typed", "refused", "fields"), CAME_BACK, ids=[came[1] for came in CAME_BACK])
def test_a_form_that_came_back_is_open(  # noqa: PLR0913 a test names its fixtures
    small_api: Any, signed_in: FlaskClient, submit: Any, *, page: str, path: str, typed: Any, refused: Any, fields: Any
) -> None:
    """And no other one."""
    small_api.on("PUT /user/update", lambda _asked: refused)

    assert open_fields(submit(signed_in, page, path, **typed).text) == fields


def test_several_faults_are_said_in_one_round(
    small_api: Any, signed_in: FlaskClient, open_browser: Any, submit: Any
) -> None:
    """That a new password is short is said beside what the API refuses first; of a password that is none, nothing."""
    small_api.on("PUT /user/update", lambda _asked: WRONG_PASSWORD)
    changed = submit(signed_in, "/security", "/security/password", **WEAK).text
    small_api.on("POST /register", lambda _asked: (409, {"code": "username_taken"}))
    stranger = open_browser(small_api.url)
    typed = {"email": "ada@example.com", "username": "ada", "password": "1234567"}
    registered = submit(stranger, "/register", **typed).text
    small_api.on("POST /login", lambda _asked: (400, {"code": "invalid_credentials"}))
    refused = submit(stranger, "/login", username="ada", password="1234567").text

    for page, code in ((changed, "current_password_invalid"), (registered, "username_taken")):
        assert t(f"api.{code}") in page
        assert t("api.password_too_short") in page
    assert t("api.password_too_short") not in refused


def test_a_taken_address_leads_to_the_sign_in(small_api: Any, open_browser: Any, submit: Any) -> None:
    """From the summary, where the focus is."""
    small_api.on("POST /register", lambda _asked: (409, {"code": "email_taken"}))
    small_api.on("POST /login", lambda _asked: (400, {"code": "invalid_credentials"}))
    page = submit(
        open_browser(small_api.url), "/register", email="ada@example.com", password="blue herons at dawn"
    ).text

    assert '<li><a href="/login">Sign in instead</a></li>' in page


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Safari on iPhone", "phone"),
        ("Firefox on Linux", "computer"),
        ("curl", "unknown"),
        ("Unknown device", "unknown"),
    ],
)
def test_a_device_has_an_icon_and_says_since_when(signed_in: FlaskClient, account: Any, label: str, kind: str) -> None:
    """Beside words that say the same: nobody need see it."""
    account["session"]["label"] = label
    page = signed_in.get("/security").text

    assert f'<svg class="icon {kind}" viewBox="0 0 24 24" aria-hidden="true">' in page
    assert re.search(
        r"Signed in since <time [^>]*>3 May 2027, 14:02 UTC</time>, from <bdi>203\.0\.113\.7</bdi>\.", page
    )
