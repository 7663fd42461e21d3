"""What people see who set up their browser for their eyes: large text, forced colours."""

import httpx2
import pytest
from playwright.sync_api import Page, expect

from testing.api import PASSWORD
from testing.browser import OpenPage
from testing.keyboard import OVERFLOW
from testing.suite import Suite

# Browsers start from 16 pixels; a picture of the whole page would set them back to these.
TWICE_AS_LARGE = {"fontSizes": {"standard": 32, "fixed": 26}}
# What a person sees of the menu's words: in how many lines each stands, and how many words it has.
LINES = """() => [...document.querySelectorAll("nav a, nav button")].map(item => {
  const words = document.createRange();
  words.selectNodeContents(item);
  const lines = new Set([...words.getClientRects()].map(line => Math.round(line.top)));
  return [lines.size, item.textContent.trim().split(/\\s+/).length];
})"""
# Headings and buttons whose longest word is wider than they are.
BROKEN = """() => [...document.querySelectorAll("h1, h2, button, .button")].filter(item => {
  item.style.overflowWrap = "normal";
  return item.scrollWidth > item.clientWidth && getComputedStyle(item).display !== "inline";
}).map(item => item.textContent.trim())"""
BORDERS = """items => items.map(item => {
  const style = getComputedStyle(item);
  return `${style.borderBottomWidth} ${style.borderBottomStyle}`;
})"""

pytestmark = pytest.mark.browser


def sign_in(suite: Suite, page: Page) -> None:
    """Open the pages in this window, as somebody with an account."""
    body = {"email": "lena@example.com", "username": "lena", "password": PASSWORD}
    httpx2.post(f"{suite.api_url}/register", json=body)
    page.goto(f"{suite.url}/login")
    page.fill("[name=username]", "lena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{suite.url}/")


def test_large_text_and_forced_colours(suite: Suite, open_page: OpenPage) -> None:
    """At twice the size no word is broken; where no colour is left, lines tell page and buttons apart."""
    page = open_page()
    page.context.new_cdp_session(page).send("Page.setFontSizes", TWICE_AS_LARGE)
    sign_in(suite, page)
    for width in (320, 390, 768):
        page.set_viewport_size({"width": width, "height": 900})

        assert [(lines, words) for lines, words in page.evaluate(LINES) if lines > words] == []
        assert page.evaluate(OVERFLOW) <= 0

    page.set_viewport_size({"width": 320, "height": 900})
    for path in ("/profile", "/security", "/account/delete", "/security/totp/start", "/password/forgot"):
        page.goto(suite.url + path)
        for line in page.locator("summary").all():
            line.click()
        assert page.evaluate(BROKEN) == []

    page.emulate_media(forced_colors="active")
    page.goto(f"{suite.url}/profile")
    links, buttons = page.locator("nav a"), page.locator("main button:not(.plain)")
    assert links.evaluate_all(BORDERS) == ["0px none", "3px solid", "0px none"]
    assert {"3px solid", "1px solid"} == set(buttons.evaluate_all(BORDERS))
    page.goto(f"{suite.url}/account/delete")
    assert buttons.evaluate_all(BORDERS) == ["5px double"]
