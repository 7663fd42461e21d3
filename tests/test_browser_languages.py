"""Pages in a language with longer words, and from right to left: nothing is wider than a small phone's window."""

import re

import httpx2
import pytest
from playwright.sync_api import Page, expect

from FlaskProject.app import create_app
from FlaskProject.config import Config
from FlaskProject.languages.known import NAMES, OFFERED
from testing.api import PASSWORD
from testing.browser import OpenPage, submit
from testing.keyboard import OVERFLOW
from testing.pseudo import forget, pretend, serving_pages
from testing.suite import Suite

pytestmark = pytest.mark.browser

KEY = "Zk3vR8mQpL2xWn7TcY5bHs9DfGj4KaEu"
OUTSIDE = ("/login", "/register", "/password/forgot", "/language?next=/login", "/nowhere")
INSIDE = ("/", "/profile", "/security", "/security/history", "/account/delete", "/language", "/security/totp/start")
# What is read on a page, piece by piece.
TEXTS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode.textContent.trim());
  return found.filter(Boolean);
}"""
# What is in no catalogue: names and addresses of people and programs; what CLDR writes, and the key of an app.
NAMED = {"Pupero", "nina", "example", "com", "Firefox", "Chromium", "Chrome", "Headless", "Linux", "UTC"}
NAMED |= {word for name in NAMES.values() for word in re.findall(r"\w+", name)}
BY_CLDR = re.compile(r"\d+\. \w+ \d{4}|\d+ \w+ \d{4}|vor \d+ \w+|قبل .*? \w+|\d+:\d\d [صم]|(?:[A-Z2-7]{4} ?){4,}|\d+")


@pytest.mark.parametrize(("tag", "direction"), [("de", "ltr"), ("ar", "rtl")])
def test_every_sentence_is_in_the_catalogue_and_fits(
    monkeypatch: pytest.MonkeyPatch, suite: Suite, open_page: OpenPage, tag: str, direction: str
) -> None:
    """With words 40 % longer, and mirrored; whoever is signed in or not."""
    pretend(monkeypatch)
    httpx2.post(
        f"{suite.api_url}/register", json={"email": "nina@example.com", "username": "nina", "password": PASSWORD}
    )
    app = create_app(Config(secret_key=KEY, backend_url=suite.api_url, default_language=tag))
    with serving_pages(app) as url:
        page = open_page(width=320, height=700, extra_http_headers={"Accept-Language": "tlh"})
        for path in OUTSIDE:
            judge(page, url + path, tag, direction)
        page.goto(f"{url}/login")
        page.fill("[name=username]", "nina")
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{url}/")
        for path in INSIDE:
            judge(page, url + path, tag, direction)
        page.context.close()
    forget()


def test_every_language_that_is_offered_fits(suite: Suite, open_page: OpenPage) -> None:
    """With the longest words that it has."""
    page = open_page(width=320, height=700)
    body = {"email": "rosa@example.com", "username": "rosa", "password": PASSWORD}
    httpx2.post(f"{suite.api_url}/register", json=body, headers={"Accept-Language": "tlh"})
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username="rosa", password=PASSWORD)
    for tag in OFFERED:
        page.context.add_cookies([{"name": "language", "value": tag, "url": suite.url}])
        for path in ("/", "/profile", "/security", "/account/delete"):
            page.goto(suite.url + path)
            for line in page.locator("summary").all():
                line.click()

            assert page.locator("html").get_attribute("lang") == tag
            assert page.evaluate(OVERFLOW) <= 0, (tag, path)


def judge(page: Page, address: str, tag: str, direction: str) -> None:
    """Look at a page with all its folds open."""
    page.goto(address)
    for line in page.locator("summary").all():
        line.click()
    root = page.locator("html")
    read = BY_CLDR.sub("", " ".join(page.evaluate(TEXTS)))

    assert (root.get_attribute("lang"), root.get_attribute("dir")) == (tag, direction)
    assert page.evaluate(OVERFLOW) <= 0, address
    assert {word for word in re.findall(r"[^\W\d_]+", read) if not word.endswith("ö")} <= NAMED, address
    assert (page.locator(".brand").bounding_box() or {})["x"] > 160 or direction == "ltr"
