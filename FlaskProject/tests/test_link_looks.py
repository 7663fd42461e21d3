"""What pages of mail links say before anything is pressed: who opened an account, what is taken back, what is over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from testing.arrivals import wait_for_link
from testing.visits import Visit

NEW_PASSWORD = "green herons at dusk"
OPENED = {"opened_at": "2026-11-03T05:07:00Z", "opened_from": "203.0.113.7, Firefox on Linux"}
# The pages, and what the API calls their links.
PURPOSES = {
    "/password/reset": "reset",
    "/email/verify": "verify",
    "/email/change": "change",
    "/email/revert": "revert",
    "/account/disown": "disown",
}
MailLink = Callable[..., str]

one_database = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def link(tmp_path: Path) -> MailLink:
    """Give a function that waits for a mail to somebody and returns its link to a page."""
    return lambda page, to="ada@example.com", kind=None: wait_for_link(tmp_path / "mail", page, to, kind)


@pytest.fixture
def opened(small_api: Any, open_browser: Any) -> Callable[..., Any]:
    """Give a function that opens a page whose link the API describes as it is told."""

    def open_it(page: str, status: int = 200, **info: Any) -> Any:
        small_api.on("POST /link/look", lambda _asked: (status, info))
        browser: FlaskClient = open_browser(small_api.url)
        return browser.get(f"{page}?token=abc", follow_redirects=True)

    return open_it


@pytest.mark.parametrize("page", PURPOSES)
@pytest.mark.parametrize(
    "refused",
    [(400, {"code": "link_invalid"}), (422, {"code": "validation_error", "detail": [{"loc": ["body", "token"]}]})],
)
def test_a_dead_link_says_so_at_once(opened: Any, page: str, refused: tuple[int, dict[str, Any]]) -> None:
    """Nobody thinks of a new password for a link that is over."""
    status, body = refused
    answer = opened(page, status, **body)

    assert answer.status_code == 400
    assert "This link no longer works" in answer.text
    assert 'name="token"' not in answer.text


@pytest.mark.parametrize("page", PURPOSES)
@pytest.mark.parametrize("purpose", [*PURPOSES.values(), "rescue"])
def test_a_link_of_another_page_is_over(opened: Any, page: str, purpose: str) -> None:
    """Its button could not work; a rescue is a reset, and "this was not me" is said about a new account, too."""
    answer = opened(page, purpose=purpose, email="ada@example.com")

    also = {("/password/reset", "rescue"), ("/account/disown", "verify")}
    works = PURPOSES[page] == purpose or (page, purpose) in also
    assert answer.status_code == (200 if works else 400)


@pytest.mark.parametrize("page", PURPOSES)
@pytest.mark.parametrize(
    "trouble",
    [(503, {"code": "busy"}), (429, {"code": "too_many_requests"}), (404, {"code": "not_found"}), (200, {"odd": 1})],
)
def test_a_page_stands_without_the_look(opened: Any, page: str, trouble: tuple[int, dict[str, Any]]) -> None:
    """An API that is away, busy or older than its pages is no reason to refuse a link that may be good."""
    status, body = trouble
    answer = opened(page, status, **body)

    assert answer.status_code == 200
    assert 'name="token" value="abc"' in answer.text


def test_a_first_confirmation_says_who_opened_the_account(opened: Any) -> None:
    """When and from where, whatever the day, and what to do if that was somebody else."""
    shown = opened("/email/verify", purpose="verify", email="ada@example.com", **OPENED).text
    assert "opened on 3 November 2026, 05:07 UTC, from <bdi>203.0.113.7, Firefox on Linux</bdi>." in shown
    assert 'action="/account/disown"' in shown

    unknown = opened("/email/verify", purpose="verify", email="ada@example.com", **OPENED | {"opened_from": None}).text
    assert "05:07 UTC, from <bdi>an unknown place</bdi>." in unknown


def test_a_later_confirmation_says_nothing_of_it(opened: Any) -> None:
    """Whoever moves an account of theirs to another mailbox opened it long ago."""
    shown = opened("/email/verify", purpose="verify", email="ada@example.com", opened_at=None).text

    assert 'action="/email/verify"' in shown
    assert "was opened" not in shown
    assert 'action="/account/disown"' not in shown


EFFECTS = {
    "factor.passkey.added": "The passkey that was added, and any added since, open your account no more.",
    "factor.totp.enabled": "The second factor that was switched on is off again.",
    "phrase.changed": "Your account has its former phrase again.",
    "username.changed": "Your account has its former username again.",
    "recovery_codes.replaced": "The new recovery codes stop working.",
    "email.changed": "Your account goes back to its former address",
    "email.change_confirmed": "Your account goes back to its former address",
    "session.started": "You get a mail with a link to choose a new password.",
    "of.tomorrow": "You get a mail with a link to choose a new password.",
}


@pytest.mark.parametrize(("event", "effect"), EFFECTS.items())
def test_this_was_not_me_says_what_it_takes_back(opened: Any, event: str, effect: str) -> None:
    """Of what its notice told, and that everybody is signed out."""
    shown = opened("/account/disown", purpose="disown", email="ada@example.com", event=event).text

    assert effect in shown
    assert "Everybody is signed out of your account, on every device." in shown
    assert ("Your second factor, if it is on, stays on." in shown) is (event != "factor.totp.enabled")


@one_database
def test_a_stranger_s_account_becomes_the_mailbox_s(visit: Visit, second_visit: Visit, link: MailLink) -> None:
    """Somebody opens an account with another one's address: its mailbox throws them out and takes it over."""
    visit.register("ada")
    visit.enable_totp()
    owner = second_visit.open(link("/email/verify"))
    assert owner.says("UTC, from 127.0.0.1 (the machine of this service), Firefox on Linux.")

    assert owner.send("/account/disown").says("Everybody is signed out of your account")
    assert visit.open("/profile").path == "/login"
    owner.open(link("/password/reset")).send("/password/reset", new_password=NEW_PASSWORD)
    assert owner.log_in("ada@example.com", NEW_PASSWORD).path == "/"
    assert visit.log_in("ada").says("do not belong together")


@one_database
def test_a_thief_s_factor_is_switched_off(visit: Visit, second_visit: Visit, link: MailLink) -> None:
    """The page says so before the button, and the owner signs in with the new password alone."""
    visit.register("ada").open(link("/email/verify")).send("/email/verify")
    visit.enable_totp()
    owner = second_visit.open(link("/account/disown", kind="totp_enabled"))
    assert owner.says(EFFECTS["factor.totp.enabled"])

    owner.send("/account/disown")
    owner.open(link("/password/reset")).send("/password/reset", new_password=NEW_PASSWORD)
    assert owner.log_in("ada", NEW_PASSWORD).path == "/"
    assert owner.open("/account/disown?token=abc").says("This link no longer works")
