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


def test_large_text_breaks_no_word_of_the_menu(suite: Suite, open_page: OpenPage) -> None:
    """At twice the size, what does not fit stands in the next line."""
    page = open_page()
    page.context.new_cdp_session(page).send("Page.setFontSizes", TWICE_AS_LARGE)
    sign_in(suite, page)
    for width in (320, 390, 768):
        page.set_viewport_size({"width": width, "height": 900})

        assert [(lines, words) for lines, words in page.evaluate(LINES) if lines > words] == []
        assert page.evaluate(OVERFLOW) <= 0
