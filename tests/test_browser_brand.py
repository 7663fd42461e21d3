"""Somebody else's brand, as people see it: pages and a mail, in light and in dark."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from testing.api import PASSWORD, StartApi
from testing.arrivals import wait_for_link
from testing.axe import find_barriers
from testing.browser import OpenPage, Picture, StartPages
from testing.mail import Mailbox, html_of

NAME = "Söhne & <b>Töchter</b> שלום"
SHOWN = f"\u2068{NAME}\u2069"
BRAND = {"SERVICE_NAME": NAME, "ACCENT_COLOUR": "#b3005e"}
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 32">
<style>@media (prefers-color-scheme: dark) { rect { fill: #ff8ac0 } }</style>
<rect width="64" height="32" rx="8" fill="#b3005e"/></svg>"""
# The colours that a browser paints: of a link, and of a button and its word.
PAINTED = """() => [...document.querySelectorAll("a[href], button, td.button")]
  .map(element => getComputedStyle(element)).flatMap(style => [style.color, style.backgroundColor])"""

OURS = "rgb(179, 0, 94)"
# A mail program puts a mail into a page of its own, whose landmarks are its business.
OF_PAGES = ("region", "landmark-one-main")

pytestmark = pytest.mark.browser


def look(page: Page, picture: Picture, name: str, not_ours: Sequence[str] = ()) -> dict[str, set[str]]:
    """Take pictures, let axe-core look, and return what is painted in light and in dark."""
    painted = {}
    assert [barrier for barrier in find_barriers(page) if barrier.split(": ")[1] not in not_ours] == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words
        painted[scheme] = set(page.evaluate(PAINTED))
        picture(page, f"{name}-{scheme}")
    return painted


@pytest.fixture
def pages_url(start_api: StartApi, start_pages: StartPages, tmp_path: Path) -> str:
    """Give the address of pages with a brand of their own, before an API with the same."""
    logo = tmp_path / "logo.svg"
    logo.write_text(LOGO, encoding="utf-8")
    return start_pages(start_api(**BRAND).url, **BRAND, LOGO_FILE=str(logo)).url


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_brand_of_ones_own(pages_url: str, open_page: OpenPage, picture: Picture, tmp_path: Path) -> None:
    """Name, logo and colour on front page, sign-in and home; the mail has name and colour, and fetches nothing."""
    page, phone = open_page(scripts=True), open_page(scripts=True, width=390)
    page.goto(pages_url)
    painted = look(page, picture, "welcome")
    mark = page.locator(".brand img")

    expect(page).to_have_title(re.compile(re.escape(f" · {SHOWN}")))
    expect(page.locator(".brand")).to_have_text(SHOWN)
    assert mark.evaluate("image => [image.naturalWidth / image.naturalHeight, image.width, image.height]") == [
        2,
        56,
        28,
    ]
    assert OURS in painted["light"]
    assert OURS not in painted["dark"]

    page.goto(f"{pages_url}/register")
    page.fill("[name=email]", "ada@example.com")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".phrase")).to_contain_text(f"Welcome to {NAME}")
    look(page, picture, "home")
    phone.goto(f"{pages_url}/login")
    look(phone, picture, "login")

    wait_for_link(tmp_path / "mail", "/email/verify", "ada@example.com")
    [mail] = Mailbox(tmp_path / "mail", lambda: None).read("ada@example.com")
    phone.goto("about:blank")
    phone.set_content(html_of(mail))
    painted = look(phone, picture, "mail", not_ours=OF_PAGES)

    expect(phone.locator("body")).to_contain_text(f"An account at {SHOWN} uses this address.")
    assert OURS in painted["light"]
    assert OURS not in painted["dark"]
    assert phone.locator("img, svg").count() == 0
