"""What fields tell browsers, keyboards and password managers."""

import re

import pytest
from flask.testing import FlaskClient


@pytest.mark.asvs("2.2.2")
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


WITH_PASSWORDS = [
    ("/login", {"password": "current-password"}),
    ("/register", {"password": "new-password"}),
    ("/security", {"current_password": "current-password", "new_password": "new-password"}),
    ("/profile", {"current_password": "current-password"}),
    ("/account/delete", {"current_password": "current-password"}),
]


@pytest.mark.asvs("6.2.6", "6.2.7")
@pytest.mark.parametrize(("path", "wanted"), WITH_PASSWORDS)
def test_passwords_are_hidden_and_managers_know_them(
    browser: FlaskClient, signed_in: FlaskClient, path: str, wanted: dict[str, str]
) -> None:
    """Fields say which password they want, and nothing on the page keeps anybody from pasting one."""
    page = (browser if path in {"/login", "/register"} else signed_in).get(path).text
    fields = re.findall(r'<input id="\w*password"[^>]*>', page)
    told = {name_in(field): re.findall(r'(?:type|autocomplete|maxlength)="([^"]*)"', field) for field in fields}

    assert told == {name: ["password", kind] for name, kind in wanted.items()}
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        # They file it under the name that stands beside it.
        assert 'type="password"' not in form or 'autocomplete="username' in form
    assert not re.search(r"\son\w+=", page)


def name_in(field: str) -> str:
    """Return a field's name."""
    return field.partition(' name="')[2].partition('"')[0]


@pytest.mark.asvs("7.4.4")
@pytest.mark.parametrize("path", ["/", "/profile", "/security", "/account/delete", "/nope"])
def test_every_page_behind_the_sign_in_leads_out(signed_in: FlaskClient, path: str) -> None:
    """By a button of its frame."""
    page = signed_in.get(path).text

    assert re.search(r'<form method="post" action="/logout"[^>]*>.*?<button[^>]*>Sign out</button>', page, re.DOTALL)
