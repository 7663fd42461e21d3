"""Pages in a language with longer words, and from right to left: nothing is wider than a small phone's window."""

import re

import httpx2
import pytest
from playwright.sync_api import Page, expect

from FlaskProject.app import create_app
from FlaskProject.config import Config
from FlaskProject.languages.known import NAMES, OFFERED
from FlaskProject.messages import TEXT, find_text
from testing.api import PASSWORD
from testing.browser import OpenPage, submit
from testing.keyboard import OVERFLOW
from testing.pseudo import forget, pretend, serving_pages
from testing.suite import Suite
from tests.test_browser_journey import current_code, scan

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
# Headings that what opens their card lies upon.
COVERED = """() => [...document.querySelectorAll('.setting')].filter(card => {
  const line = card.querySelector('.edit > summary')?.getBoundingClientRect();
  const words = document.createRange();
  words.selectNodeContents(card.querySelector('h2'));
  const lies = word => word.right > line.left && word.left < line.right && word.bottom > line.top;
  return line && [...words.getClientRects()].some(word => lies(word) && word.top < line.bottom);
}).map(card => card.querySelector('h2').textContent)"""
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
            assert page.evaluate(COVERED) == [], (tag, path)
            page.set_viewport_size({"width": 400, "height": 700})
            assert page.evaluate(COVERED) == [], (tag, path)
            page.set_viewport_size({"width": 320, "height": 700})


@pytest.mark.parametrize(("tag", "pretended"), [("ar", False), ("de", True)], ids=["Arabic", "longer"])
def test_a_person_lives_through_everything_in_another_language(
    monkeypatch: pytest.MonkeyPatch, suite: Suite, open_page: OpenPage, tag: str, pretended: bool
) -> None:
    """From the first page to the last by the words of that language, and on each step nothing is too wide."""
    if pretended:
        pretend(monkeypatch)
    app = create_app(Config(secret_key=KEY, backend_url=suite.api_url, default_language=tag))
    with serving_pages(app) as url:
        person = Person(open_page(width=320, height=700, extra_http_headers={"Accept-Language": "tlh"}), url, tag)
        live(person, f"lina{tag}")
        person.page.context.close()
    forget()


class Person:
    """Somebody who reads one language, and finds buttons by what they say in it."""

    def __init__(self, page: Page, url: str, tag: str) -> None:
        """Take a browser's page."""
        self.page, self.url, self.tag = page, url, tag

    def go(self, path: str) -> None:
        """Open a page of ours."""
        self.page.goto(self.url + path)

    def press(self, english: str, **fields: str) -> None:
        """Fill in and send the form of a button; one English word may be several there."""
        self.page.locator("details").evaluate_all("folds => folds.forEach(fold => { fold.open = true; })")
        assert self.page.evaluate(OVERFLOW) <= 0, self.page.url
        said = {find_text(self.tag, key) for key, text in TEXT.items() if text == english}
        buttons = {text.strip() for text in self.page.locator("button").all_text_contents()}
        here = [word for word in said if word in buttons]
        assert len(here) == 1, (english, said, self.page.url)
        submit(self.page, here[0], **fields)

    def arrives(self, path: str) -> None:
        """Wait for a page, which is in this language."""
        expect(self.page).to_have_url(self.url + path)
        expect(self.page.locator("html")).to_have_attribute("lang", self.tag)


def live(person: Person, name: str) -> None:
    """Register, choose a phrase, a second factor on, out, in with a code, the factor off, everything deleted."""
    page = person.page
    person.go("/register")
    person.press("Create account", email=f"{name}@example.com", username=name, password=PASSWORD)
    person.arrives("/")
    person.go("/profile")
    person.press("Save phrase", phrase="البلشون يرقص 舞 dances")
    expect(page.locator("body")).to_contain_text("البلشون يرقص 舞 dances")
    person.go("/security")
    person.press("Switch on")
    totp = scan(page)
    person.press("Switch on", code=current_code(totp, -1))
    page.check("[name=saved]")
    person.press("Go on")
    person.press("Sign out")
    person.arrives("/login")
    person.press("Sign in", username=name, password=PASSWORD)
    person.arrives("/login/code")
    person.press("Go on", totp=current_code(totp))
    person.arrives("/")
    person.go("/security")
    person.press("Switch off the codes")
    person.go("/account/delete")
    page.check("[name=confirm]")
    person.press("Delete account", current_password=PASSWORD)
    expect(page.locator("html")).to_have_attribute("lang", person.tag)
    person.go("/login")
    person.press("Sign in", username=name, password=PASSWORD)
    expect(page).not_to_have_url(f"{person.url}/")


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
