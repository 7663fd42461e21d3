"""Requests that other sites make, and forms that waited too long."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

FORMS = [
    "/register",
    "/login",
    "/login/passkey",
    "/login/passkey/options",
    "/login/code",
    "/login/code/passkey",
    "/login/code/passkey/options",
    "/logout",
    "/no-passkey",
    "/language",
    "/reauthenticate/passkey/options",
    "/profile/phrase",
    "/profile/username",
    "/profile/email",
    "/profile/export",
    "/security/password",
    "/security/passkeys/start",
    "/security/passkeys/options",
    "/security/passkeys/add",
    "/security/passkeys/abc/rename",
    "/security/passkeys/abc/remove",
    "/security/totp/start",
    "/security/totp/confirm",
    "/security/totp/saved",
    "/security/totp/disable",
    "/security/totp/recovery-codes",
    "/security/sessions/abc/end",
    "/security/sessions/end-others",
    "/security/trusted-devices/abc/remove",
    "/auth/step-up",
    "/security/history/abc/confirm",
    "/security/history/abc/disown",
    "/account/delete",
    "/account/disown",
    "/password/forgot",
    "/password/reset",
    "/email/verify",
    "/email/change",
    "/email/revert",
    "/email/verification",
]

FROM_ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:5001"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin, cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "", "Origin": "null"},
]


def token_on(browser: FlaskClient, page: str) -> str:
    """Return the CSRF token in a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(page).text)
    assert found
    return found[1]


@pytest.mark.asvs("3.5.1")
def test_the_list_of_forms_is_complete(browser: FlaskClient) -> None:
    """A new form cannot stay outside the tests below."""
    rules = [rule for rule in browser.application.url_map.iter_rules() if "POST" in (rule.methods or ())]

    assert {re.sub("<[a-z_]+>", "abc", rule.rule) for rule in rules} == set(FORMS)


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_token_does_nothing(browser: FlaskClient, path: str) -> None:
    """It never reaches the view, which would call the API and answer 503 here."""
    for token in (None, "", "nonsense", "ünicode", "WyJhIl0.aaaaaa.bbbbbbbb"):
        answer = browser.post(path, data={} if token is None else {"csrf_token": token})

        assert answer.status_code in {200, 302, 400, 403}, token
        assert answer.status_code != 302 or answer.headers["Location"].startswith("/login"), token
        assert answer.status_code != 200 or "open too long" in answer.text, token


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize("path", FORMS)
def test_a_request_from_elsewhere_is_refused_even_with_the_token(browser: FlaskClient, path: str) -> None:
    """A stolen token is worth nothing on another site's page."""
    token = token_on(browser, "/login")
    for headers in FROM_ELSEWHERE:
        answer = browser.post(path, data={"csrf_token": token}, headers=headers)

        assert answer.status_code == 403, headers
        assert "did not come from our pages" in answer.text, headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://accounts.example.com"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_own_forms_get_through(browser: FlaskClient, headers: dict[str, str]) -> None:
    """The view is reached: it says that the API is down.

    Where the browser itself says whose page sent the form, a proxy's own Referrer-Policy or Host spoils nothing.
    """
    form = {"csrf_token": token_on(browser, "/login"), "username": "ada", "password": "secret-of-ada"}
    answer = browser.post("/login", data=form, headers=headers)

    assert answer.status_code == 503


def test_the_https_site_takes_nothing_from_its_http_twin(browser: FlaskClient) -> None:
    """Whoever can forge the plain page must not drive the safe one."""
    answer = browser.post("/login", base_url="https://localhost", headers={"Origin": "http://localhost"})

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/login", "/register", "/password/forgot"])
def test_a_stale_form_comes_back_with_what_was_typed(browser: FlaskClient, path: str) -> None:
    """Keys rotate; the person sends the form once more and loses only the password."""
    token_on(browser, path)
    typed = {"csrf_token": "stale", "email": "ada@example.com", "username": "ada&co", "password": "secret-of-ada"}
    answer = browser.post(path, data=typed | {"passwords": "show"})

    assert answer.status_code == 200
    assert "open too long" in answer.text
    assert "Please type passwords and codes again" in answer.text
    assert ("ada&amp;co" in answer.text) or ("ada@example.com" in answer.text)
    assert "secret-of-ada" not in answer.text
    assert answer.text.count(" autofocus") == 1
    assert token_on(browser, path)


@pytest.mark.parametrize("path", ["/login", "/register", "/password/forgot"])
def test_a_browser_that_sends_no_cookies_is_told_what_helps(browser: FlaskClient, path: str) -> None:
    """Sending the form once more would bring it back for ever."""
    forgetful = browser.application.test_client(use_cookies=False)
    answer = forgetful.post(path, data={"csrf_token": token_on(forgetful, path), "username": "ada"})

    assert answer.status_code == 403
    assert "allow cookies for this site" in answer.text
    assert "SECURE_COOKIES" not in answer.text  # the operator's, and in the log


def test_a_browser_with_its_cookie_is_not_told_to_allow_them(browser: FlaskClient) -> None:
    """There a stale form is what it says."""
    token_on(browser, "/login")

    assert "allow cookies" not in browser.post("/login", data={"csrf_token": "stale"}).text


PAGES_OF_AN_ACCOUNT = {
    "/account/delete": {"current_password": "secret-of-ada", "confirm": "true"},
    "/profile/phrase": {"phrase": "boots of Ada"},
    "/profile/email": {"new_email": "new@example.com", "current_password": "secret-of-ada"},
}


@pytest.mark.parametrize(("path", "typed"), PAGES_OF_AN_ACCOUNT.items(), ids=PAGES_OF_AN_ACCOUNT.keys())
@pytest.mark.parametrize("away", [False, True], ids=["up", "away"])
def test_a_form_of_another_sign_in_comes_back_empty(  # noqa: PLR0913 a test names its fixtures
    small_api: Any,
    open_browser: Any,
    make_token: Any,
    account: dict[str, Any],
    *,
    path: str,
    typed: dict[str, str],
    away: bool,
) -> None:
    """What one person typed and ticked must not be sent for the next who signs in with this browser."""
    small_api.on("GET /user/account", lambda _asked: (503, {"code": "busy"}) if away else (200, account))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())
    answer = browser.post(path, data=typed | {"csrf_token": "of an earlier sign-in"})

    assert answer.status_code == (503 if away else 403)
    assert away or "do it once more" in answer.text
    assert not (away and f'action="{path}"' in answer.text)
    assert "boots of Ada" not in answer.text
    assert "new@example.com" not in answer.text
    assert 'name="confirm" value="true"' not in answer.text
    assert " checked" not in answer.text


def test_a_stale_form_keeps_its_link(small_api: Any, open_browser: Any, make_token: Any, account: Any) -> None:
    """Whoever is signed in loses what was typed, never the token of a mail."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    assert 'name="token" value="abc"' in browser.post("/password/reset", data={"token": "abc"}).text


def test_a_rotated_key_keeps_its_sessions_and_returns_old_forms(open_browser: Callable[..., FlaskClient]) -> None:
    """SECRET_KEY_FALLBACKS: the cookie still opens, the form comes back once, then works."""
    old, new = "Zk3vR8mQpL2xWn7TcY5bHs9DfGj4KaEu", "uEaK4jGfD9sHb5YcT7nWx2LpQm8Rv3kZ"
    before = open_browser(secret_key=old)
    token = token_on(before, "/login")
    cookie = before.get_cookie("pupero_session")
    after = open_browser(secret_key=new, secret_key_fallbacks=(old,))
    assert cookie
    after.set_cookie("pupero_session", cookie.value)

    assert "open too long" in after.post("/login", data={"csrf_token": token, "username": "a", "password": "b"}).text
    again = {"csrf_token": token_on(after, "/login"), "username": "a", "password": "b"}
    assert after.post("/login", data=again).status_code == 503


@pytest.mark.asvs("3.5.3")
def test_signing_out_takes_a_form(browser: FlaskClient, make_token: Callable[..., str]) -> None:
    """A picture on another site's page must not sign anybody out; whoever types the address finds the button."""
    browser.set_cookie("access_token", make_token())
    answer = browser.get("/logout")

    assert answer.status_code == 200
    assert 'action="/logout"' in answer.text
    assert browser.get_cookie("access_token")
