"""Links from mails: what their pages say, and that only a pressed button does anything."""

import re
from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from testing.arrivals import wait_for_link
from testing.visits import PASSWORD, Visit

NEW_PASSWORD = "green herons at dusk"
OVER = (400, {"code": "link_invalid", "detail": "no"})

# The page, and the API's call that its button makes.
PAGES = {
    "/password/reset": "POST /password/reset/confirm",
    "/email/verify": "POST /email/verify",
    "/email/change": "POST /email/change/confirm",
    "/email/revert": "POST /email/revert",
    "/account/disown": "POST /account/disown",
}

# SQLite is enough where the subject is the pages; the API's own tests run on both.
one_database = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def link(tmp_path: Path) -> Callable[..., str]:
    """Give a function that waits for a mail to somebody and returns its link to a page."""
    return lambda page, to="ada@example.com", kind=None: wait_for_link(tmp_path / "mail", page, to, kind)


@pytest.mark.asvs("3.5.3")
@pytest.mark.parametrize("page", PAGES)
def test_opening_a_link_changes_nothing(small_api: Any, open_browser: Any, page: str) -> None:
    """Mail scanners open every link; the API is only asked to look, and the token leaves the address for the form."""
    browser: FlaskClient = open_browser(small_api.url)
    answer = browser.get(f"{page}?token=abc-123", follow_redirects=True)

    assert answer.status_code == 200
    assert [asked["call"] for asked in small_api.asked] == ["POST /link/look"]
    assert 'name="token" value="abc-123"' in answer.text
    assert f'action="{page}"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.asvs("3.3.4", "14.2.1")
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("settings", [{}, {"samesite": "Strict"}, {"secure_cookies": True}], ids=str)
def test_the_token_leaves_the_address(open_browser: Any, page: str, settings: dict[str, Any]) -> None:
    """By a cookie out of scripts' reach, for minutes, and for this page alone where no name binds it to the host."""
    browser: FlaskClient = open_browser(**settings)
    answer = browser.get(f"{page}?token=abc-123")
    (line,) = (line for line in answer.headers.getlist("Set-Cookie") if "link_" in line)
    cookie = next(iter(SimpleCookie(line).values()))

    assert answer.status_code == 302
    assert re.fullmatch(rf"{page}\?link=[0-9a-f]{{32}}", answer.headers["Location"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert "abc-123" not in answer.text
    assert (cookie.value, cookie["max-age"], cookie["samesite"], cookie["httponly"]) == ("abc-123", "600", "Lax", True)
    secure = "secure_cookies" in settings
    assert (bool(cookie["secure"]), cookie["path"]) == (secure, "/" if secure else page)
    assert cookie.key.startswith("__Host-") is secure
    assert 'value="abc-123"' in browser.get(answer.headers["Location"]).text


@pytest.mark.parametrize(("page", "call"), PAGES.items())
def test_two_links_side_by_side_are_not_mixed_up(
    small_api: Any, open_browser: Any, submit: Any, page: str, call: str
) -> None:
    """Each page acts for its own link; reloaded once the other is open, it asks for the mail instead of guessing."""
    small_api.on(call, lambda _asked: OVER)
    browser: FlaskClient = open_browser(small_api.url)
    first, second = (browser.get(f"{page}?token={token}").headers["Location"] for token in ("first", "second"))
    assert first != second

    asked = browser.get(first)
    assert asked.status_code == 400
    assert "Please open the link once more" in asked.text
    assert "first" not in asked.text
    assert 'name="token" value="second"' in browser.get(second).text
    again = browser.get(f"{page}?token=first", follow_redirects=True)
    assert 'name="token" value="first"' in again.text

    submit(browser, f"{page}?token=second", page, token="first", new_password=NEW_PASSWORD)
    assert [asked["body"]["token"] for asked in small_api.calls(call)] == ["first"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("link", ["", "0" * 32, "é", "%00"])
def test_a_page_that_has_lost_its_link_says_so(browser: FlaskClient, page: str, link: str) -> None:
    """Minutes later, or in a browser that keeps no cookies: the mail still has it."""
    answer = browser.get(f"{page}?link={link}")

    assert answer.status_code == 400
    assert "Go back to the mail" in answer.text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("token", ["", "a b", "abc%0d%0aSet-Cookie: x=y", "é", "a" * 201, "abc;"])
def test_a_mangled_token_is_over_at_once(browser: FlaskClient, page: str, token: str) -> None:
    """It opens nothing, so it is neither kept nor sent to the API."""
    answer = browser.get(f"{page}?token={token}")

    assert answer.status_code == 400
    assert "This link no longer works" in answer.text
    assert "link_" not in str(answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_its_link_leads_on(browser: FlaskClient, page: str) -> None:
    """A reload after the button was pressed lands on something useful."""
    assert browser.get(page).headers["Location"] == ("/password/forgot" if "password" in page else "/")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("refused", [OVER, (422, {"code": "validation_error", "detail": [{"loc": ["body", "token"]}]})])
def test_a_link_that_is_over_says_what_helps(
    small_api: Any, open_browser: Any, submit: Any, page: str, refused: Any
) -> None:
    """Used, expired or mangled by a mail program: there is a way on, and no form that cannot work."""
    small_api.on(PAGES[page], lambda _asked: refused)
    answer = submit(open_browser(small_api.url), f"{page}?token=abc", page, token="abc", new_password=NEW_PASSWORD)

    assert answer.status_code == 400
    assert "This link no longer works" in answer.text
    assert re.search(r'class="button" href="/(password/forgot|profile#email-title)"', answer.text)
    assert small_api.calls(PAGES[page])[0]["body"]["token"] == "abc"


@pytest.mark.parametrize(("page", "call"), PAGES.items())
def test_a_link_survives_an_outage(small_api: Any, open_browser: Any, submit: Any, page: str, call: str) -> None:
    """The token is still in the form that comes back; the password is not."""
    small_api.on(call, lambda _asked: (503, {"code": "busy"}, {"Retry-After": "3"}))
    answer = submit(open_browser(small_api.url), f"{page}?token=abc", page, token="abc", new_password=NEW_PASSWORD)

    assert answer.status_code == 503
    assert 'name="token" value="abc"' in answer.text
    assert NEW_PASSWORD not in answer.text


@pytest.mark.parametrize("code", ["email_unverified", "invalid_credentials", "too_many_attempts", "totp_required"])
def test_sign_up_reads_the_same_for_a_taken_address(small_api: Any, open_browser: Any, submit: Any, code: str) -> None:
    """With PREVENT_ENUMERATION the login that follows differs, and nobody may see that it does."""
    small_api.on("POST /register", lambda _asked: (200, {"user_id": "u1"}))
    small_api.on("POST /login", lambda _asked: (429 if "many" in code else 400, {"code": code, "detail": "no"}))
    browser = open_browser(small_api.url)
    answer = submit(browser, "/register", email="ada@example.com", password="secret-of-ada")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/register/mailed")
    assert "we have sent a mail to <bdi>ada@example.com</bdi>" in browser.get("/register/mailed").text


@one_database
def test_a_forgotten_password(visit: Visit, link: Any) -> None:
    """By the mail to a new password; the old one, the link and every sign-in are over."""
    visit.register("ada").send("/logout")
    visit.open("/password/forgot").send("/password/forgot", email="ada@example.com")
    reset = link("/password/reset")
    assert visit.open(reset).send("/password/reset", new_password="short").says("This password is too short")
    assert 'autocomplete="username" value="ada@example.com"' in visit.page  # where password managers file the new one

    visit.send("/password/reset", new_password=NEW_PASSWORD)
    assert visit.path == "/login"
    assert visit.says("Your new password is set")
    assert visit.log_in("ada").says("do not belong together")
    assert visit.log_in("ada", NEW_PASSWORD).path == "/"
    assert visit.open(reset).says("This link no longer works")


@one_database
def test_an_address_is_confirmed(visit: Visit, link: Any) -> None:
    """Home says what is left to do, the profile sends the mail again, the link does it."""
    assert visit.register("ada").says("Confirm your email address")
    assert visit.open("/profile").says("Not confirmed")
    assert visit.send("/email/verification").says("A mail with a link is on its way to you")
    visit.open(link("/email/verify")).send("/email/verify")

    assert visit.path == "/"
    assert visit.says("Your email address is confirmed")
    assert not visit.says("Not confirmed")
    assert "/email/verification" not in visit.open("/profile").page


@one_database
def test_a_changed_address_is_taken_back(visit: Visit, second_visit: Visit, link: Any) -> None:
    """By the mail to the old one, without signing in: everybody is out, and a new password is on its way."""
    visit.register("ada").open(link("/email/verify")).send("/email/verify")
    visit.open("/profile").send("/profile/email", new_email="eve@example.com", current_password=PASSWORD)
    assert visit.says("A mail to each of the two tells of it")

    second_visit.open(link("/email/revert"))
    assert second_visit.says("everybody is signed out of your account".capitalize())
    assert second_visit.send("/email/revert").says("Your account has its address back")
    assert visit.open("/profile").path == "/login"
    second_visit.open(link("/password/reset")).send("/password/reset", new_password=NEW_PASSWORD)
    assert second_visit.log_in("ada@example.com", NEW_PASSWORD).path == "/"


@one_database
def test_it_was_somebody_else(visit: Visit, second_visit: Visit, link: Any) -> None:
    """A notice's link signs everybody out, the browser that pressed the button too, without an odd word about it."""
    visit.register("ada").open("/profile").send("/profile/phrase", phrase="Red boots")
    second_visit.log_in("ada")
    visit.open(link("/account/disown", kind="phrase_changed")).send("/account/disown")

    assert visit.path == "/login"
    assert visit.says("Everybody is signed out of your account")
    assert not visit.says("This sign-in has ended")
    assert second_visit.open("/profile").path == "/login"


@one_database
def test_a_new_address_waits_for_its_mailbox(start_api: Any, open_browser: Any, link: Any) -> None:
    """With EMAIL_CHANGE_REQUIRES_VERIFICATION nothing changes before the new mailbox says so."""
    server = start_api(EMAIL_CHANGE_REQUIRES_VERIFICATION="true")
    visit = Visit(open_browser(server.url)).register("ada").open("/profile")
    visit.send("/profile/email", new_email="lovelace@example.com", current_password=PASSWORD)
    assert visit.says("Nothing has changed yet")
    assert visit.says("Your address is ada@example.com.")

    visit.open(link("/email/change", "lovelace@example.com")).send("/email/change")
    assert visit.says("Your email address is changed.")
    assert visit.open("/profile").says("Your address is lovelace@example.com.")


@one_database
def test_unconfirmed_people_are_told_to_look_into_their_mail(start_api: Any, open_browser: Any, link: Any) -> None:
    """With REQUIRE_VERIFIED_EMAIL: sign up, follow the link, sign in."""
    server = start_api(REQUIRE_VERIFIED_EMAIL="true")
    visit = Visit(open_browser(server.url)).register("ada")
    assert visit.path == "/register/mailed"
    assert visit.says("we have sent a mail to ada@example.com")
    assert visit.log_in("ada").says("follow the link in the mail")

    visit.open(link("/email/verify")).send("/email/verify")
    assert visit.says("Your email address is confirmed")
    assert visit.log_in("ada").path == "/"
