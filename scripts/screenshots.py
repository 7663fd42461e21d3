"""Takes the README's pictures of the running suite: `python scripts/screenshots.py`, with Chromium installed."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "Login")]

from playwright.sync_api import Browser, Page

from CreateDB.tables.upgrade import upgrade
from testing.browser import find_chromium, running_chromium
from testing.suite import Suite, running_suite

IMAGES = ROOT / "docs" / "images"
LARGEST = 150_000  # bytes
PASSWORD = "blue herons at dawn"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def main() -> None:
    """Start everything on a scratch database, take the pictures, and leave nothing else behind."""
    program = find_chromium() or sys.exit("This needs Chromium or Chrome on PATH.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        database_url = f"sqlite:///{(folder / 'suite.sqlite3').as_posix()}"
        upgrade(database_url)
        with running_suite(folder, database_url) as suite, running_chromium(program) as browser:
            take_all(suite, browser)


def take_all(suite: Suite, browser: Browser) -> None:
    """Follow one person from signing up to the second factor."""
    viewport = {"width": 960, "height": 840}
    page = browser.new_context(viewport=viewport, user_agent=FIREFOX).new_page()  # type: ignore[arg-type]  # as its words say
    page.goto(f"{suite.url}/register")
    fill(page, "Create account", email="ada@example.com", username="ada", password=PASSWORD)
    page.goto(f"{suite.url}/profile")
    page.locator("summary").first.click()
    fill(page, "Save phrase", phrase="Herons wear red boots")
    page.goto(suite.url)
    take(page, "home")
    page.emulate_media(color_scheme="dark")
    page.goto(f"{suite.url}/security")
    fill(page, "Switch on")
    take(page, "second-factor")


def fill(page: Page, button: str, **fields: str) -> None:
    """Fill in a form and send it."""
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name=button, exact=True).click()


def take(page: Page, name: str) -> None:
    """Write one picture, small enough for a repository."""
    picture = page.screenshot(path=IMAGES / f"{name}.png")
    if len(picture) > LARGEST:
        sys.exit(f"{name}.png has {len(picture)} bytes, which is too much.")


if __name__ == "__main__":
    main()
