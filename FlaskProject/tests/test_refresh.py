"""Refreshing: before the end, once, and without the person noticing."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from FlaskProject.signed_in.refresh import ends_soon

DAY = 86_400


def signed_in(browser: FlaskClient, access: str | None, refresh: str | None) -> FlaskClient:
    """Put a sign-in into a browser."""
    for name, token in (("access_token", access), ("refresh_token", refresh)):
        if token:
            browser.set_cookie(name, token)
    return browser


@pytest.mark.parametrize(
    ("lifetime", "age", "soon"),
    [
        *((1800, age, soon) for age, soon in ((0, False), (1700, False), (1745, True), (1900, True))),
        *((60, age, soon) for age, soon in ((0, False), (40, False), (50, True))),
        *((4, age, soon) for age, soon in ((0, False), (4, True))),
    ],
)
def test_a_token_is_renewed_a_little_before_its_end(
    make_token: Callable[..., str], lifetime: float, age: float, soon: bool
) -> None:
    """A minute, or a quarter of a short life."""
    assert ends_soon(make_token(lifetime, age)) is soon


def test_many_tabs_refresh_once(small_api: Any, open_browser: Any, make_token: Any, account: Any) -> None:
    """Sixteen requests at once, and one a moment later, cost the API one refresh and get the same pair."""
    renewed = {"access_token": make_token(1800), "refresh_token": make_token(DAY, generation=2)}

    def refresh(_asked: Any) -> tuple[int, Any]:
        time.sleep(0.3)
        return 200, renewed

    small_api.on("POST /refresh", refresh)
    small_api.on("GET /user/account", lambda _asked: (200, account))
    app = open_browser(small_api.url).application
    old = make_token(DAY, generation=1)

    def visit(_number: int) -> tuple[int, str | None]:
        browser = signed_in(app.test_client(), make_token(1800, 1790), old)
        status = browser.get("/profile", follow_redirects=True).status_code
        cookie = browser.get_cookie("refresh_token")
        return status, cookie.value if cookie else None

    with ThreadPoolExecutor(16) as pool:
        seen = set(pool.map(visit, range(16)))
    seen.add(visit(17))

    assert seen == {(200, renewed["refresh_token"])}
    assert len(small_api.calls("POST /refresh")) == 1
    used = {asked["headers"]["Authorization"] for asked in small_api.calls("GET /user/account")}
    assert used == {f"Bearer {renewed['access_token']}"}


def test_a_late_tab_follows_the_line_to_its_end(
    small_api: Any, open_browser: Any, make_token: Any, account: Any
) -> None:
    """With short lifetimes the kept pair may be over: its own refresh token is traded, never the old one again."""
    first, second = make_token(DAY, generation=1), make_token(DAY, generation=2)
    answers = {
        first: {"access_token": make_token(1), "refresh_token": second},
        second: {"access_token": make_token(1800), "refresh_token": make_token(DAY, generation=3)},
    }
    small_api.on("POST /refresh", lambda asked: (200, answers[asked["body"]["refresh_token"]]))
    small_api.on("GET /user/account", lambda _asked: (200, account))
    app = open_browser(small_api.url).application

    answers_to_tabs = []
    for _ in range(2):
        answers_to_tabs.append(signed_in(app.test_client(), None, first).get("/profile").status_code)
        time.sleep(1)
    assert set(answers_to_tabs) <= {200, 302}
    assert [asked["body"]["refresh_token"] for asked in small_api.calls("POST /refresh")] == [first, second]


def test_a_token_that_ends_on_its_way_is_renewed(
    small_api: Any, open_browser: Any, make_token: Any, account: Any
) -> None:
    """The API's clock decides; its 401 costs one refresh and the page comes all the same."""
    renewed = {"access_token": make_token(1800, jti="new"), "refresh_token": make_token(DAY)}
    over = make_token(1800)
    expired = (401, {"code": "token_expired", "detail": "over"})

    def who(asked: Any) -> tuple[int, Any]:
        return expired if asked["headers"]["Authorization"] == f"Bearer {over}" else (200, account)

    small_api.on("GET /user/account", who)
    small_api.on("POST /refresh", lambda _asked: (200, renewed))

    answer = signed_in(open_browser(small_api.url), over, make_token(DAY)).get("/profile")

    assert answer.status_code == 200
    assert renewed["access_token"] in str(answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    "ended",
    [
        ("session_ended", "This sign-in has ended"),
        ("refresh_token_reused", "an old copy of this sign-in was used"),
        ("token_expired", "You were away for a while"),
        ("token_invalid", "You are signed out"),
    ],
)
@pytest.mark.parametrize("access_age", [0, 1790], ids=["at a call", "at a refresh"])
def test_an_ended_session_is_explained(
    small_api: Any, open_browser: Any, make_token: Any, ended: tuple[str, str], access_age: int
) -> None:
    """The way leads over the login page, which says why, and knows where to go on.

    It clears the cookies unless another tab may just be getting new ones: a deletion that comes late would take those.
    """
    code, words = ended
    refused = (401, {"code": code, "detail": "no"})
    small_api.on("GET /user/account", lambda _asked: refused)
    small_api.on("POST /refresh", lambda _asked: refused)
    browser = signed_in(open_browser(small_api.url), make_token(1800, access_age), make_token(DAY))

    sent_away = browser.get("/profile")
    assert sent_away.headers["Location"] == "/login?next=/profile"
    assert "access_token" not in str(sent_away.headers.getlist("Set-Cookie"))

    shown = browser.get(sent_away.headers["Location"])
    assert words in shown.text
    assert 'value="/profile"' in shown.text
    for name in ("access_token", "refresh_token"):
        assert (browser.get_cookie(name) is not None) is (code == "session_ended")


def test_an_outage_during_a_refresh_signs_nobody_out(
    small_api: Any, open_browser: Any, make_token: Any, account: Any
) -> None:
    """The page says 503, the cookies stay, and the next try works at once."""
    browser = signed_in(open_browser(small_api.url), None, make_token(DAY))
    small_api.on("POST /refresh", lambda _asked: (503, {"code": "database_unavailable"}, {"Retry-After": "5"}))
    away = browser.get("/profile")

    assert away.status_code == 503
    assert away.headers["Retry-After"] == "5"
    assert browser.get_cookie("refresh_token")

    renewed = {"access_token": make_token(1800), "refresh_token": make_token(DAY)}
    small_api.on("POST /refresh", lambda _asked: (200, renewed))
    small_api.on("GET /user/account", lambda _asked: (200, account))
    assert browser.get("/profile", follow_redirects=True).status_code == 200


def test_static_files_never_refresh(small_api: Any, open_browser: Any, make_token: Any) -> None:
    """A cached answer could not hand the new pair over."""
    browser = signed_in(open_browser(small_api.url), None, make_token(DAY))

    with browser.get("/static/style.css") as answer:
        assert answer.status_code == 200
    assert small_api.asked == []


def test_a_page_is_asked_for_again_with_the_new_tokens(
    small_api: Any, open_browser: Any, make_token: Any, account: Any
) -> None:
    """Until the browser has them nobody uses them, so an answer that gets lost can be had again."""
    renewed = {"access_token": make_token(1800), "refresh_token": make_token(DAY, generation=2)}
    small_api.on("POST /refresh", lambda _asked: (200, renewed))
    small_api.on("GET /user/account", lambda _asked: (200, account))
    browser = signed_in(open_browser(small_api.url), make_token(1800, 1790), make_token(DAY, generation=1))
    answer = browser.get("/profile?from=elsewhere&next=//example.com")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/profile?from=elsewhere&next=//example.com")
    assert {cookie.split("=")[0] for cookie in answer.headers.getlist("Set-Cookie")} >= {
        "access_token",
        "refresh_token",
    }
    assert small_api.calls("GET /user/account") == []
    assert browser.get(answer.headers["Location"]).status_code == 200


def test_a_page_that_does_not_exist_leads_nowhere(small_api: Any, open_browser: Any, make_token: Any) -> None:
    """Only a page of ours is asked for again: the path of another would be taken for somebody's host."""
    renewed = {"access_token": make_token(1800), "refresh_token": make_token(DAY, generation=2)}
    small_api.on("POST /refresh", lambda _asked: (200, renewed))
    small_api.on("GET /user/account", lambda _asked: (401, {"code": "session_ended", "detail": "no"}))
    browser = signed_in(open_browser(small_api.url), None, make_token(DAY, generation=1))

    assert browser.get("/", environ_overrides={"PATH_INFO": "//example.com/profile"}).status_code == 404


def test_a_browser_whose_tokens_are_always_short_is_not_sent_in_circles(
    small_api: Any, open_browser: Any, make_token: Any, account: Any
) -> None:
    """A clock that is ahead of the API's takes every token for over; the page comes all the same."""
    renewed = {"access_token": make_token(1800, 1790), "refresh_token": make_token(DAY, generation=2)}
    small_api.on("POST /refresh", lambda _asked: (200, renewed))
    small_api.on("GET /user/account", lambda _asked: (200, account))
    browser = signed_in(open_browser(small_api.url), None, make_token(DAY, generation=1))

    assert browser.get("/profile").status_code == 200


def test_a_form_is_taken_with_the_new_tokens(small_api: Any, open_browser: Any, make_token: Any, account: Any) -> None:
    """What somebody sends is not asked for again."""
    renewed = {"access_token": make_token(1800), "refresh_token": make_token(DAY, generation=2)}
    small_api.on("POST /refresh", lambda _asked: (200, renewed))
    small_api.on("GET /user/account", lambda _asked: (200, account))
    small_api.on("POST /logout", lambda _asked: (200, {"message": "bye"}))
    browser = signed_in(open_browser(small_api.url), make_token(1800), make_token(DAY, generation=1))
    page = browser.get("/profile").text
    form = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert form
    signed_in(browser, make_token(1800, 1790), None)
    browser.post("/logout", data={"csrf_token": form[1]})

    assert len(small_api.calls("POST /logout")) == 1


def test_a_renewed_pair_survives_an_error_page(small_api: Any, open_browser: Any, make_token: Any) -> None:
    """The refresh has happened: losing its answer would end the session at the next one."""
    renewed = {"access_token": make_token(1800), "refresh_token": make_token(DAY, generation=2)}
    small_api.on("POST /refresh", lambda _asked: (200, renewed))
    small_api.on("GET /user/account", lambda _asked: (200, {"nonsense": True}))
    browser = signed_in(open_browser(small_api.url), None, make_token(DAY))

    assert browser.get("/profile", follow_redirects=True).status_code == 503
    kept = browser.get_cookie("refresh_token")
    assert kept
    assert kept.value == renewed["refresh_token"]
