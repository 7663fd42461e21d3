"""A trusted device in a real browser: the box, a sign-in without a code, and the end of the trust."""

import httpx2
import pytest
from playwright.sync_api import Page, expect

from testing.api import PASSWORD, SignedIn, enable_totp, register, sign_in
from testing.axe import find_barriers
from testing.browser import OpenPage, Picture
from testing.suite import Suite

pytestmark = pytest.mark.browser


def give_password(page: Page, suite: Suite, name: str) -> None:
    """Take the first step."""
    page.goto(f"{suite.url}/login")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def give_code(page: Page, suite: Suite, user: SignedIn) -> None:
    """Take the second."""
    expect(page).to_have_url(f"{suite.url}/login/code")
    page.fill("[name=totp]", user.code())
    page.get_by_role("button", name="Go on").click()


def test_a_device_is_trusted_until_it_is_removed(suite: Suite, open_page: OpenPage, picture: Picture) -> None:
    """Ticked, signed out, signed in by the password alone, told, listed, removed by password and code, asked again."""
    page, name = open_page(scripts=True), "trusting"
    with httpx2.Client(base_url=suite.api_url, timeout=60) as http:
        user = enable_totp(sign_in(http, register(http, name)))
    give_password(page, suite, name)
    page.get_by_label("ask only for my password").check()
    picture(page, "code")
    assert find_barriers(page) == []
    give_code(page, suite, user)
    page.get_by_role("button", name="Sign out").first.click()
    expect(page).to_have_url(f"{suite.url}/login")

    give_password(page, suite, name)
    expect(page).to_have_url(f"{suite.url}/")
    page.goto(f"{suite.url}/security/history")
    expect(page.locator("main")).to_contain_text("Your trust in the device took the place of the second factor.")
    picture(page, "history")
    page.goto(suite.mail_link("/account/disown", user.person.email, "device_trusted"))
    expect(page.locator("main")).to_contain_text("No device signs in without your second factor any more.")
    page.goto(f"{suite.url}/security#sessions")
    picture(page, "security")
    assert find_barriers(page) == []

    suite.let_codes_pass(name)
    page.locator("#sessions").get_by_role("button", name="Remove").click()
    page.fill("[name=current_password]", PASSWORD)
    page.fill("[name=totp]", user.code())
    picture(page, "still-you")
    page.get_by_role("button", name="Confirm and go on").click()
    expect(page.locator("#sessions")).to_contain_text("That device asks for your second factor again.")
    expect(page.get_by_text("Where your password alone signs you in")).to_have_count(0)
    page.get_by_role("button", name="Sign out").first.click()
    give_password(page, suite, name)
    expect(page).to_have_url(f"{suite.url}/login/code")
