"""Recovery codes in a real browser: missed until they are saved, copied, and printed with nothing beside them."""

import httpx2
import pyotp
import pytest
from playwright.sync_api import Page, expect

from testing.axe import find_barriers
from testing.browser import OpenPage, Picture, submit
from testing.keyboard import OVERFLOW
from testing.suite import Suite

PASSWORD = "blue herons at dawn"
MISSED = "Are your recovery codes saved?"

pytestmark = pytest.mark.browser


def enable_totp(suite: Suite, page: Page) -> list[str]:
    """Make an account with a second factor, and read its recovery codes."""
    body = {"email": "iris@example.com", "username": "iris", "password": PASSWORD}
    assert httpx2.post(f"{suite.api_url}/register", json=body).status_code == httpx2.codes.OK
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username="iris", password=PASSWORD)
    page.goto(f"{suite.url}/security")
    submit(page, "Switch on")
    totp = pyotp.TOTP(page.locator(".key").inner_text().replace(" ", ""))
    submit(page, "Switch on", code=totp.now())
    return page.locator(".codes").inner_text().split()


def test_codes_are_missed_until_saved(suite: Suite, open_page: OpenPage, picture: Picture) -> None:
    """Left without the tick, told at home, made anew, copied, printed, saved."""
    page = open_page(scripts=True, permissions=["clipboard-read", "clipboard-write"], width=390, height=844)
    first = enable_totp(suite, page)
    page.goto(f"{suite.url}/")
    expect(page.get_by_text(MISSED)).to_be_visible()
    picture(page, "missed")
    assert find_barriers(page) == []
    page.get_by_role("button", name="Make new codes").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("The codes are copied")).to_be_visible()
    codes = page.locator(".codes").inner_text().split()
    picture(page, "codes")

    assert page.evaluate("navigator.clipboard.readText()") == "\n".join(codes)
    assert not set(codes) & set(first)
    assert page.evaluate(OVERFLOW) <= 0
    assert find_barriers(page) == []
    assert print_preview(page, picture) == ["Recovery codes for iris at Pupero. Each one works once. Made on", *codes]

    page.get_by_label("I have saved these codes").check()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Your recovery codes are ready")).to_be_visible()
    expect(page.get_by_text(MISSED)).to_have_count(0)
    page.goto(f"{suite.url}/")
    expect(page.get_by_text(MISSED)).to_have_count(0)


def print_preview(page: Page, picture: Picture) -> list[str]:
    """Press "Print", and return what a printer gets, without its date."""
    page.evaluate("window.print = () => { window.printed = true }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed")
    page.emulate_media(media="print")
    picture(page, "on paper")
    head, *rest = page.locator("body").inner_text().split("\n")
    page.emulate_media(media="screen")
    return [" ".join(head.split()[:-3]), *(line for line in rest if line)]
