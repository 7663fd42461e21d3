"""What the small script adds where it may run; every other journey is made without it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from playwright.sync_api import Page, expect

from testing.api import PASSWORD
from testing.browser import OpenPage, unfold
from testing.suite import Suite

TOKYO = "Asia/Tokyo"
CARET = "field => [field.selectionStart, field.selectionEnd]"
# Keeps what the password's field was when its form was about to be sent.
NOTE_THE_TYPE = """form => form.addEventListener("submit", event => {
  event.preventDefault();
  form.dataset.sent = form.elements.password.type;
})"""

pytestmark = pytest.mark.browser


def read_out(page: Page) -> tuple[str, str]:
    """Return role and name of what has the focus, as a screen reader is told."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    focused = [node for node in tree if is_focused(node)]
    return focused[-1]["role"]["value"], focused[-1]["name"]["value"]


def is_focused(node: dict[str, Any]) -> bool:
    """Tell whether a node of the accessibility tree has the focus; the page around it has it, too."""
    return any(found["name"] == "focused" and found["value"]["value"] for found in node.get("properties", ()))


def test_a_password_is_seen_and_judged_while_it_is_typed(suite: Suite, open_page: OpenPage) -> None:
    """In place, with focus and caret where they were; screen readers are told after a pause, and nothing is sent."""
    page = open_page(scripts=True)
    page.clock.install(time=0)
    page.goto(f"{suite.url}/register")
    page.clock.pause_at(60_000)
    password, show = page.locator("#password"), page.get_by_role("button", name="Show passwords as I type")
    told = page.locator(".rules + [role=status]")
    page.fill("#email", "lovelace@example.com")
    password.press_sequentially("lovelace")
    expect(page.locator(".rules .kept")).to_have_text(["8 characters or more: done."])
    password.press_sequentially(" dreams of engines")
    password.press("ArrowLeft")
    page.clock.run_for(900)
    expect(told).to_be_empty()
    page.clock.run_for(200)
    expect(told).to_contain_text("15 or more: done.")
    expect(told).to_contain_text("Without your name or address: not yet.")

    caret = password.evaluate(CARET)
    show.click()
    expect(password).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    expect(password).to_be_focused()
    assert password.evaluate(CARET) == caret
    page.locator("main form").evaluate(NOTE_THE_TYPE)
    password.press("Enter")
    expect(page.locator("main form")).to_have_attribute("data-sent", "password")
    expect(show).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("scripts", [True, False], ids=["with", "without"])
def test_what_was_done_and_when(suite: Suite, open_page: OpenPage, *, scripts: bool) -> None:
    """Times are the browser's own, or UTC by name; what was done has the focus, below the phrase that it is about."""
    name = f"yuki-{scripts}"
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    assert httpx2.post(f"{suite.api_url}/register", json=body).status_code == httpx2.codes.OK
    page = open_page(scripts=scripts, width=320, height=640, timezone_id=TOKYO)
    page.goto(f"{suite.url}/login")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{suite.url}/")
    time = page.locator("time").first
    moment = datetime.fromisoformat(time.get_attribute("datetime") or "")
    expect(time).to_contain_text(f"{moment.astimezone(ZoneInfo(TOKYO)):%H:%M}" if scripts else f"{moment:%H:%M} UTC")

    page.goto(f"{suite.url}/profile")
    unfold(page, "Save phrase")
    page.fill("[name=phrase]", "Herons wear red boots")
    page.get_by_role("button", name="Save phrase").click()
    expect(page.locator("#told")).to_be_focused()
    role, words = read_out(page)
    assert (role, words.partition(".")[0]) == ("status", "Your new phrase is saved")
    for part in (".phrase", "#told"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
