"""The menu: where one is, and what it offers to whom."""

import re
from typing import Any

import pytest

CURRENT = [
    ("/", "/", "page"),
    ("/profile", "/profile", "page"),
    ("/account/delete", "/profile", "true"),
    ("/security", "/security", "page"),
    ("/security/passkeys/add", "/security", "true"),
]


@pytest.fixture
def signed_in(small_api: Any, open_browser: Any, make_token: Any, account: Any) -> Any:
    """Give a signed-in browser."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())
    return browser


def current_links(page: str) -> list[tuple[str, str]]:
    """Return the links of the menu that say where one is."""
    return re.findall(r'<a href="([^"]*)" aria-current="([a-z]+)"', page)


@pytest.mark.parametrize(("path", "link", "state"), CURRENT, ids=[path for path, _, _ in CURRENT])
def test_the_menu_says_where_one_is(  # noqa: PLR0913 a test names its fixtures
    small_api: Any, open_browser: Any, make_token: Any, account: Any, *, path: str, link: str, state: str
) -> None:
    """On the page itself, and on every page within it."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    small_api.on("GET /user/sessions", lambda _asked: (200, [account["session"]]))
    browser = open_browser(small_api.url)
    browser.set_cookie("access_token", make_token())

    assert current_links(browser.get(path).text) == [(link, state)]


def test_the_frame_says_whose_account_it_is(signed_in: Any, account: Any) -> None:
    """By name, else by address; what somebody calls themselves turns round nothing that stands beside it."""
    for name, shown in (("ada", "ada"), (None, "ada@example.com")):
        account["username"] = name
        header = signed_in.get("/profile").text.partition("</header>")[0]
        assert f"Signed in as </span><bdi>{shown}</bdi>" in header


def test_the_menu_says_it_where_a_form_came_back(
    small_api: Any, open_browser: Any, submit: Any, make_token: Any, account: Any
) -> None:
    """Also before the sign-in, and where the password is asked for again."""
    account["fresh_until"] = "2020-01-01T00:00:00Z"
    small_api.on("GET /user/account", lambda _asked: (200, account))
    browser = open_browser(small_api.url)
    forgot = submit(browser, "/login", "/password/forgot")
    browser.set_cookie("access_token", make_token())
    refused = submit(browser, "/profile", "/profile/username", username="")
    asked = submit(browser, "/profile", "/profile/phrase", phrase="Green boots")

    assert current_links(forgot.text) == [("/login", "true")]
    assert current_links(refused.text) == [("/profile", "page")]
    assert "Is it still you?" in asked.text
    assert current_links(asked.text) == [("/profile", "true")]
    assert "Back to sign in" not in browser.get("/password/forgot").text
