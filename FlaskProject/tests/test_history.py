"""The history's page before an API that refuses, is away or says odd things, and "this was not me" in it."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

NEWEST = "GET /user/events?limit=25"
EVENT = {
    "id": "e1",
    "kind": "phrase.changed",
    "at": "2027-05-03T14:02:00Z",
    "last_at": "2027-05-03T14:02:00Z",
    "count": 1,
    "outcome": "success",
    "reason": None,
    "actor": "person",
    "client_address": "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    "label": "<b>Firefox</b>",
    "session_id": "s1",
    "current": True,
    "amr": ["pwd"],
    "facts": {},
    "can_disown": True,
}
DISOWN = "POST /user/events/e1/disown"
ASK, ACT = "/security/history/e1/confirm", "/security/history/e1/disown"


@pytest.fixture
def api(small_api: Any, account: dict[str, Any]) -> Any:
    """Give an API that knows Ada, and one event of hers."""
    small_api.on("GET /user/account", lambda _asked: (200, account))
    small_api.on(NEWEST, lambda _asked: (200, {"events": [EVENT], "next": None}))
    small_api.on(DISOWN, lambda _asked: (200, {"message": "done"}))
    return small_api


@pytest.fixture
def browser(api: Any, open_browser: Any, make_token: Any) -> FlaskClient:
    """Give her browser."""
    client: FlaskClient = open_browser(api.url)
    client.set_cookie("access_token", make_token())
    return client


def test_an_event_is_told_with_time_place_and_device(browser: FlaskClient) -> None:
    """In words, its device as text whatever it is called, its time for machines, too."""
    page = browser.get("/security/history").text

    assert "Your phrase was changed" in page
    assert '<time datetime="2027-05-03T14:02:00+00:00">' in page
    assert "from <bdi>2001:db8:85a3:8d3:1319:8a2e:370:7348</bdi>" in page
    assert "<bdi>&lt;b&gt;Firefox&lt;/b&gt;</bdi>" in page
    assert "this device" in page


def test_what_is_unknown_is_left_out(api: Any, browser: FlaskClient) -> None:
    """What an operator does comes from no address, and a kind of tomorrow breaks nothing."""
    bare = EVENT | {"kind": "moon.landed", "client_address": None, "label": None, "can_disown": False, "new": 1}
    api.on(NEWEST, lambda _asked: (200, {"events": [bare], "next": None}))
    page = browser.get("/security/history").text

    assert "Something that this page has no words for yet" in page
    assert "moon" not in page
    assert ", from" not in page
    assert "This was not me" not in page


@pytest.mark.parametrize("query", ["", "?part=password", "?before=gone"])
def test_an_empty_page_says_no_more_than_that(api: Any, browser: FlaskClient, query: str) -> None:
    """Nothing may have happened, or nothing may be kept."""
    for call in (NEWEST, "GET /user/events?kind=password&limit=25", "GET /user/events?before=gone&limit=25"):
        api.on(call, lambda _asked: (200, {"events": [], "next": None}))

    assert "There is nothing to show here." in browser.get(f"/security/history{query}").text


def test_older_and_newest_keep_the_part(api: Any, browser: FlaskClient) -> None:
    """The cursor travels as it came, and the way back to the newest page is on every other."""
    first, second = ("kind=password&limit=25", "before=a%26b%3D+%F0%9F%A6%A9&kind=password&limit=25")
    api.on(f"GET /user/events?{first}", lambda _asked: (200, {"events": [EVENT], "next": "a&b= 🦩"}))
    api.on(f"GET /user/events?{second}", lambda _asked: (200, {"events": [EVENT], "next": None}))
    older = link_of(browser.get("/security/history?part=password").text, "Older")

    assert parse_qs(urlsplit(older).query) == {"part": ["password"], "before": ["a&b= 🦩"]}
    page = browser.get(older).text
    assert ">Older<" not in page
    assert link_of(page, "Newest") == "/security/history?part=password"


def link_of(page: str, words: str) -> str:
    """Return where a link leads."""
    found = re.search(rf'href="([^"]+)">{words}<', page)
    assert found, words
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("query", ["part=", "part=nonsense", "part=%00", "part=%F0%9F%A6%A9&part=x", "before="])
def test_a_query_that_makes_no_sense_shows_everything(browser: FlaskClient, query: str) -> None:
    """An address that somebody has mangled leads to the page it was for."""
    page = browser.get(f"/security/history?{query}").text

    assert "Your phrase was changed" in page
    assert re.findall(r'aria-current="true">(\w+)<', page.partition("<main")[2]) == ["Everything"]


@pytest.mark.parametrize("code", ["event_not_found", "validation_error", "head_too_large"])
def test_a_page_before_nothing_is_the_newest(api: Any, browser: FlaskClient, code: str) -> None:
    """With no way to a newest page, for it is that."""
    api.on("GET /user/events?before=x&limit=25", lambda _asked: (404, {"code": code}))
    page = browser.get("/security/history?before=x").text

    assert "Your phrase was changed" in page
    assert ">Newest<" not in page


def test_whoever_is_signed_out_signs_in_first(api: Any, browser: FlaskClient) -> None:
    """And comes back to the history."""
    api.on("GET /user/events?before=x&limit=25", lambda _asked: (401, {"code": "session_ended"}))

    assert browser.get("/security/history?before=x").headers["Location"] == "/login?next=/security/history"


def test_an_outage_is_said(api: Any, browser: FlaskClient) -> None:
    """Not an empty history."""
    api.on(NEWEST, lambda _asked: (503, {"code": "database_unavailable"}))
    answer = browser.get("/security/history")

    assert answer.status_code == 503
    assert "cannot reach its data" in answer.text


@pytest.mark.asvs("6.3.7")
def test_the_words_are_confirmed_once(api: Any, browser: FlaskClient, submit: Any) -> None:
    """The button of the list changes nothing: its page says of what it is, and what follows."""
    page = submit(browser, "/security/history", ASK, kind="phrase.changed").text

    assert "Your phrase was changed" in page
    assert "Your account has its former phrase again." in page
    assert "Everybody is signed out of your account, on every device." in page
    assert "You are signed out here, too." in page
    assert api.calls(DISOWN) == []


@pytest.mark.parametrize("kind", ["moon.landed", '"><script>', "session.started"])
def test_of_what_takes_nothing_back_the_rest_follows(browser: FlaskClient, submit: Any, kind: str) -> None:
    """Also of a kind that somebody has made up."""
    page = submit(browser, "/security/history", ASK, kind=kind).text

    assert "Everybody is signed out" in page
    assert "former phrase" not in page
    assert "<script" not in page


def test_without_a_kind_the_history_comes_back(browser: FlaskClient, submit: Any) -> None:
    """Nobody is asked to confirm what is not said."""
    assert "Your phrase was changed" in submit(browser, "/security/history", ASK).text


@pytest.mark.asvs("7.4.3")
def test_taking_back_signs_out_here_and_says_what_to_do_next(browser: FlaskClient, submit: Any) -> None:
    """The tokens are dead, and the cookies that held them are gone."""
    answer = submit(browser, "/security/history", ACT, kind="phrase.changed")

    assert answer.headers["Location"] == "/login"
    assert browser.get_cookie("access_token") is None
    assert "Now choose a new password by the link in the mail" in browser.get("/login").text


@pytest.mark.asvs("7.5.1")
def test_a_session_that_is_not_fresh_proves_itself_in_place(
    api: Any, browser: FlaskClient, submit: Any, make_token: Any
) -> None:
    """The password is asked for, a wrong one again, and then it is done."""
    pair = {"access_token": make_token(), "refresh_token": make_token()}
    api.on(DISOWN, lambda _asked: (403, {"code": "reauthentication_required"}))
    api.on("POST /reauthenticate", lambda _asked: (400, {"code": "current_password_invalid"}))
    asked = submit(browser, "/security/history", ACT, kind="phrase.changed")

    assert "Is it still you?" in asked.text
    assert f'action="{ACT}"' in asked.text
    assert 'name="kind" value="phrase.changed"' in asked.text
    again = submit(browser, "/security/history", ACT, kind="phrase.changed", current_password="wrong")
    assert "That is not your current password." in again.text
    api.on(DISOWN, lambda _asked: (200, {}))
    api.on("POST /reauthenticate", lambda _asked: (200, pair))
    done = submit(browser, "/security/history", ACT, kind="phrase.changed", current_password="right")
    assert done.headers["Location"] == "/login"


def test_what_cannot_be_taken_back_any_more_is_said_above_the_history(
    api: Any, browser: FlaskClient, submit: Any
) -> None:
    """Taken back in another tab, or too long ago."""
    api.on(DISOWN, lambda _asked: (404, {"code": "event_not_found"}))
    answer = submit(browser, "/security/history", ACT, kind="phrase.changed")

    assert answer.status_code == 200
    assert "That can be taken back no more" in answer.text
    assert "What happened to your account" in answer.text
    assert "Lock them out" not in answer.text


@pytest.mark.parametrize("proof", [{}, {"current_password": "right"}], ids=["fresh", "asked again"])
def test_a_second_press_says_what_the_first_may_have_done(
    api: Any, browser: FlaskClient, submit: Any, proof: dict[str, str]
) -> None:
    """The browser drops the first answer, and finds the session ended."""
    for call in (DISOWN, "POST /reauthenticate"):
        api.on(call, lambda _asked: (401, {"code": "session_ended"}))
    answer = submit(browser, "/security/history", ACT, kind="phrase.changed", **proof)

    assert answer.headers["Location"] == "/login"
    api.on("GET /user/account", lambda _asked: (401, {"code": "session_ended"}))
    assert "the first press did it" in browser.get("/login").text


@pytest.mark.parametrize(("code", "words"), [("busy", "very busy"), ("outcome_unknown", "look whether the change")])
def test_an_api_that_is_away_leaves_the_button(
    api: Any, browser: FlaskClient, submit: Any, code: str, words: str
) -> None:
    """Where it can be pressed again."""
    api.on(DISOWN, lambda _asked: (503, {"code": code}))
    answer = submit(browser, "/security/history", ACT, kind="phrase.changed")

    assert answer.status_code == 503
    assert words in answer.text
    assert "Lock them out" in answer.text


@pytest.mark.parametrize("path", [ASK, ACT])
def test_a_stale_form_brings_the_history_back(browser: FlaskClient, path: str) -> None:
    """Of another sign-in it may be, so nothing of it is kept."""
    answer = browser.post(path, data={"csrf_token": "of an earlier sign-in", "kind": "phrase.changed"})

    assert answer.status_code == 403  # shown at once: this browser has kept no cookie
    assert "do it once more" in answer.text
    assert "What happened to your account" in answer.text


@pytest.mark.parametrize("path", [ASK, ACT, "/security/history/x"])
def test_a_reload_of_a_form_leads_back(browser: FlaskClient, path: str) -> None:
    """The address of a form is no page."""
    assert browser.get(path).headers["Location"] == "/security/history"


def test_the_page_of_security_leads_there(api: Any, browser: FlaskClient, account: Any) -> None:
    """By a link in words."""
    api.on("GET /user/sessions", lambda _asked: (200, [account["session"]]))

    assert link_of(browser.get("/security").text, "See what happened to your account") == "/security/history"
