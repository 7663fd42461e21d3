"""Downloading one's data, in a real browser: found, asked for, saved and looked into; and never half of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from testing.api import MakeStale, RunSql, StartApi
from testing.axe import find_barriers
from testing.browser import OpenPage, Picture, StartPages, submit
from testing.keyboard import OVERFLOW

PASSWORD = "blue herons at dawn"

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)]


def look(page: Page, picture: Picture, state: str) -> None:
    """Look at the page on a phone, by day and by night."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="light")
    picture(page, f"{state} light")
    page.emulate_media(color_scheme="dark")
    picture(page, f"{state} dark")
    assert page.evaluate(OVERFLOW) <= 0
    assert find_barriers(page) == [], state


def save(page: Page) -> Any:
    """Press the button and wait for what the browser makes of the answer."""
    with page.expect_download() as started:
        page.get_by_role("button", name="Download your data").click()
    return started.value


def test_a_person_takes_their_data_along(
    api_url: str, start_pages: StartPages, open_page: OpenPage, picture: Picture, make_session_stale: MakeStale
) -> None:
    """From the deletion page to the profile, which asks who is there; then there is a file, with everything in it."""
    url, page = start_pages(api_url).url, open_page(scripts=True)
    page.goto(f"{url}/register")
    submit(page, "Create account", email="ada@example.com", username="ada", password=PASSWORD)
    make_session_stale()
    page.goto(f"{url}/account/delete")
    look(page, picture, "before the deletion")
    page.get_by_role("link", name="Download your data").click()
    expect(page.locator("#export-title")).to_be_in_viewport()
    submit(page, "Download your data")
    submit(page, "Confirm and go on", current_password=PASSWORD)
    expect(page.get_by_role("status")).to_have_text(
        "Thank you, it is you. Now press the button, and the download begins."
    )
    look(page, picture, "asked for")
    download = save(page)
    file = json.loads(Path(download.path()).read_text(encoding="utf-8"))

    assert (download.suggested_filename[:12], download.suggested_filename[-5:]) == ("pupero-data-", ".json")
    assert (file["account"]["email"], len(file["sessions"])) == ("ada@example.com", 2)
    expect(page.locator("h1")).to_have_text("Profile")


def test_a_download_that_breaks_off_has_failed(
    start_api: StartApi, start_pages: StartPages, open_page: OpenPage, sql: RunSql
) -> None:
    """Nobody is left with half of it that looks like the whole."""
    url, page = start_pages(start_api().url).url, open_page()
    page.goto(f"{url}/register")
    submit(page, "Create account", email="ada@example.com", username="ada", password=PASSWORD)
    page.goto(f"{url}/profile")
    sql("ALTER TABLE known_addresses RENAME TO lost")

    assert save(page).failure() is not None
