"""Between two features, in a real browser: tabs and new sessions, factor and password, mailbox and account."""

import re
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from testing.api import MakeStale, StartApi
from testing.arrivals import wait_for_link
from testing.browser import OpenPage, Picture, StartPages, submit
from testing.smtp import Sink

PASSWORD, NEW_PASSWORD = "blue herons at dawn", "green herons at dusk"

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)]


def register(page: Page, url: str) -> None:
    """Make an account by the form, and be signed in."""
    page.goto(f"{url}/register")
    submit(page, "Create account", email="ada@example.com", username="ada", password=PASSWORD)
    expect(page).to_have_url(f"{url}/")


@pytest.mark.asvs("7.2.4")
def test_a_second_tab_lives_through_a_password_given_again(
    api_url: str, start_pages: StartPages, open_page: OpenPage, make_session_stale: MakeStale
) -> None:
    """Its form still works, and an answer that was on its way with the old tokens signs nobody out."""
    url, tab = start_pages(api_url).url, open_page()
    register(tab, url)
    other = tab.context.new_page()
    other.goto(f"{url}/profile")
    make_session_stale()
    tab.goto(f"{url}/security")
    submit(tab, "Switch on")
    before = tab.context.cookies()
    slow = open_page()
    slow.context.add_cookies(before)  # type: ignore[arg-type]  # what one call gives, the other takes
    submit(tab, "Confirm and go on", current_password=PASSWORD)
    expect(tab.locator("h1")).to_have_text("Set up the second factor")

    deleted: list[str] = []
    slow.on("response", lambda answer: deleted.extend(re.findall(r"(?:access|refresh)_token=", _cookies(answer))))
    slow.goto(f"{url}/profile")
    expect(slow).to_have_url(f"{url}/login?next=/profile")
    assert deleted == []
    submit(other, "Save username", username="lovelace")
    expect(other.locator("main")).to_contain_text("Your username is saved.")
    tab.goto(f"{url}/")
    expect(tab.locator("h1")).to_have_text("Hello, lovelace")


def _cookies(answer: object) -> str:
    """Return what an answer sets."""
    return str(answer.header_value("set-cookie") or "")  # type: ignore[attr-defined]  # Playwright's response


@pytest.mark.asvs("7.5.1")
def test_a_new_password_asks_for_the_code(  # noqa: PLR0913, PLR0917 fixtures
    api_url: str,
    start_pages: StartPages,
    open_page: OpenPage,
    make_session_stale: MakeStale,
    let_codes_pass: Callable[[], None],
    picture: Picture,
) -> None:
    """With a factor on and five minutes gone; the page says beside the field what is wrong with it."""
    url, page = start_pages(api_url).url, open_page(width=320, height=700)
    register(page, url)
    page.goto(f"{url}/security")
    submit(page, "Switch on")
    totp = pyotp.TOTP((page.text_content(".key") or "").replace(" ", ""))
    submit(page, "Switch on", code=totp.now())
    page.goto(f"{url}/security")
    expect(page.locator("[name=code]")).to_have_count(0)
    make_session_stale()
    let_codes_pass()
    page.reload()

    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    submit(page, "Change password", **change, code="000000")
    expect(page.locator("#code-error")).to_contain_text("That code is not right")
    picture(page, "refused")
    submit(page, "Change password", **change, code=totp.now())
    expect(page.locator("main")).to_contain_text("Your password is changed")


def test_a_stranger_s_account_is_disowned_at_its_confirmation(
    api_url: str, start_pages: StartPages, open_page: OpenPage, tmp_path: Path, picture: Picture
) -> None:
    """The mailbox's owner reads who opened it and when, presses the other button, and makes it theirs."""
    url, stranger, owner = start_pages(api_url).url, open_page(), open_page()
    register(stranger, url)
    mail = tmp_path / "mail"
    owner.goto(url + wait_for_link(mail, "/email/verify", "ada@example.com"))
    where = r"127\.0\.0\.1 \(the machine of this service\)"
    expect(owner.locator("main")).to_contain_text(re.compile(rf"opened on .* UTC, from {where}, \w+ on Linux"))
    picture(owner, "opened")
    submit(owner, "This was not me")
    expect(owner.locator("main")).to_contain_text("Everybody is signed out of your account")

    owner.goto(url + wait_for_link(mail, "/password/reset", "ada@example.com"))
    submit(owner, "Set the password", new_password=NEW_PASSWORD)
    submit(owner, "Sign in", username="ada@example.com", password=NEW_PASSWORD)
    expect(owner.locator("h1")).to_contain_text("Hello")
    stranger.goto(f"{url}/profile")
    expect(stranger).to_have_url(f"{url}/login?next=/profile")


def test_a_factor_waits_for_a_confirmed_address(
    start_api: StartApi, smtp_sink: Sink, start_pages: StartPages, open_page: OpenPage, picture: Picture
) -> None:
    """Where mails really arrive: the page says why, and offers the link again in the place of its button."""
    api = start_api(**smtp_sink.environment, MAIL_FROM="pupero@example.com")
    url, page = start_pages(api.url).url, open_page(width=320, height=700)
    register(page, url)
    page.goto(f"{url}/security")
    submit(page, "Switch on")
    expect(page.locator("#summary")).to_contain_text("Please confirm your email address first")
    picture(page, "refused narrow")
    page.set_viewport_size({"width": 1280, "height": 900})
    picture(page, "refused")
    submit(page, "Send it again")
    expect(page.locator("main")).to_contain_text("A mail with a link is on its way to you")
