"""What a page costs: few calls of the API, over a connection that stays."""

import socket
from typing import Any

import pytest

ACCOUNT = "GET /user/account"
DEVICES = "GET /user/sessions"
PASSKEYS = "GET /passkeys"

CALLS = {
    "/": [ACCOUNT],
    "/profile": [ACCOUNT],
    "/account/delete": [ACCOUNT],
    "/security": [ACCOUNT, DEVICES],
    "/password/forgot": [ACCOUNT],
    "/static/style.css": [],
}


@pytest.fixture
def api(small_api: Any, account: Any) -> Any:
    """Give an API that knows one person."""
    small_api.on(ACCOUNT, lambda _asked: (200, account))
    small_api.on(DEVICES, lambda _asked: (200, [account["session"]]))
    return small_api


@pytest.mark.parametrize(("path", "calls"), CALLS.items())
def test_a_page_asks_for_what_it_shows_and_no_more(
    api: Any, open_browser: Any, make_token: Any, path: str, calls: list[str]
) -> None:
    """Who is signed in is asked once a page, whatever the page and its frame need it for."""
    browser = open_browser(api.url)
    browser.set_cookie("access_token", make_token())
    with browser.get(path) as answer:
        assert answer.status_code == 200

    assert [asked["call"] for asked in api.asked] == calls


def test_passkeys_cost_one_call_where_they_are_listed(
    api: Any, open_browser: Any, make_token: Any, account: Any
) -> None:
    """Of an API of before `include`, of which nothing comes along; and where the password alone signs in another."""
    account["passkeys"] = 1
    api.on(PASSKEYS, lambda _asked: (200, {"rp_id": "localhost", "user_handle": "dQ", "passkeys": []}))
    browser = open_browser(api.url)
    browser.set_cookie("access_token", make_token())
    for path, calls in (("/", 1), ("/profile", 1), ("/account/delete", 1), ("/security", 4)):
        api.asked.clear()
        assert browser.get(path).status_code == 200
        assert len(api.asked) == calls, path
        assert (PASSKEYS in [asked["call"] for asked in api.asked]) == (path == "/security")


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/password/forgot"])
def test_strangers_cost_the_api_nothing(api: Any, open_browser: Any, path: str) -> None:
    """Without cookies there is nobody to ask about."""
    assert open_browser(api.url).get(path).status_code == 200
    assert api.asked == []


@pytest.mark.parametrize("path", ["/password/reset", "/email/verify", "/account/disown"])
def test_a_mail_s_link_costs_one_look(api: Any, open_browser: Any, path: str) -> None:
    """Whatever the page says of it."""
    assert open_browser(api.url).get(f"{path}?token=a", follow_redirects=True).status_code == 200
    assert [asked["call"] for asked in api.asked] == ["POST /link/look"]


def test_pages_share_one_connection(
    api: Any, open_browser: Any, make_token: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten pages in a row dial once."""
    dialled: list[Any] = []
    dial = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        dialled.append(address)
        dial(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    browser = open_browser(api.url)
    browser.set_cookie("access_token", make_token())
    for _ in range(10):
        assert browser.get("/profile").status_code == 200

    assert len(dialled) == 1


def test_templates_are_compiled_once(api: Any, open_browser: Any, make_token: Any) -> None:
    """And not looked up on disk again."""
    browser = open_browser(api.url)
    browser.set_cookie("access_token", make_token())
    browser.get("/profile")
    jinja = browser.application.jinja_env
    compiled = dict(jinja.cache)
    browser.get("/profile")

    assert not jinja.auto_reload
    assert compiled
    assert all(jinja.cache[name] is template for name, template in compiled.items())
