"""Passkeys as people use them: a real Chromium with authenticators of its own, pages, API and database."""

import pytest
from playwright.sync_api import Page, expect

from testing.browser import OpenPage, Picture
from testing.suite import Suite
from testing.virtual_keys import PHONE, plug_in

PASSWORD = "blue herons at dawn"

pytestmark = pytest.mark.browser


def register(page: Page, url: str, name: str) -> None:
    """Make an account by the form."""
    page.goto(f"{url}/register")
    page.fill("[name=email]", f"{name}@example.com")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(f"{url}/")


def add_passkey(page: Page, url: str, name: str) -> None:
    """Add a passkey on the security page."""
    page.goto(f"{url}/security")
    page.get_by_role("button", name="Add a passkey").click()
    page.fill("[name=name]", name)
    page.get_by_role("button", name="Make the passkey").click()


def save_codes(page: Page) -> str:
    """Keep the recovery codes and return the first."""
    codes = page.locator(".codes").inner_text().split()
    page.check("[name=saved]")
    page.get_by_role("button", name="Go on").click()
    return codes[0]


def sign_out(page: Page) -> None:
    """Leave by the menu."""
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def log_in(page: Page, name: str) -> None:
    """Give the password."""
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.asvs("6.3.3", "6.5.1")
def test_one_click_without_typing(suite: Suite, open_page: OpenPage, picture: Picture) -> None:
    """Sign up, add a passkey, sign out, sign in by one click; the phone is lost, and a recovery code opens again."""
    url, page = suite.named_url, open_page(scripts=True, width=390)
    phone = plug_in(page, PHONE)
    register(page, url, "touch")
    picture(page, "advice")
    add_passkey(page, url, "My phone")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    code = save_codes(page)
    page.goto(f"{url}/security")
    expect(page.locator("#passkeys")).to_contain_text("My phone")
    picture(page, "security")
    phone.touch(always=False)
    sign_out(page)

    picture(page, "sign-in")
    phone.touch(always=True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Hello, touch")).to_be_visible()

    phone.lose()
    sign_out(page)
    log_in(page, "touch")
    expect(page.get_by_role("heading", name="Use your passkey")).to_be_visible()
    picture(page, "second-step")
    page.get_by_role("link", name="No phone at hand? Use a recovery code").click()
    page.fill("[name=totp]", code)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Hello, touch")).to_be_visible()
