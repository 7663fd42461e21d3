"""The history in a real browser: what happened is told in words, and what somebody else did is taken back."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text

from app.authority.changes import CHANGES
from app.authority.signs import SIGNS
from app.clients.addresses import Client
from app.crud.events import insert_event, make_id
from app.services.trail import make_event
from CreateDB.server.engine import make_engine
from FlaskProject.messages import TEXT
from testing.axe import find_barriers
from testing.browser import OpenPage, Picture, unfold
from testing.keyboard import OVERFLOW
from testing.suite import Suite

PASSWORD = "blue herons at dawn"
KINDS = sorted(kind for kind in {*CHANGES, *SIGNS} if not kind.startswith("service."))
REASONS = sorted(key.removeprefix("reason.") for key in TEXT if key.startswith("reason."))
PHONE = (
    "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile"
)
FAR = Client("2001:db8:85a3:8d3:1319:8a2e:370:7348", PHONE, sid="s2", amr="pwd otp")
FACTS = {
    "recovery_code.used": '{"left": 9}',
    "sessions.revoked": '{"sessions_ended": 2}',
    "sessions.displaced": '{"sessions_ended": 1}',
    "account.role_set": '{"role": "admin", "former_role": "user"}',
}

pytestmark = pytest.mark.browser
Look = Callable[[str], None]


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Give a window in which axe-core may run."""
    return open_page(scripts=True)


@pytest.fixture
def look(page: Page, picture: Picture) -> Look:
    """Give a function that looks at the page in its present state, in both schemes and from a phone to a desktop."""

    def look_at(state: str) -> None:
        page.wait_for_load_state()
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(OVERFLOW) <= 0, f"{state} scrolls sideways at {width} px"
            picture(page, f"{state} {width}")
        assert find_barriers(page) == [], state
        page.emulate_media(color_scheme="dark")
        picture(page, f"{state} dark")
        page.emulate_media(color_scheme="light")

    return look_at


def submit(page: Page, button: str, **fields: str) -> None:
    """Fill in the form that a button belongs to, and press it."""
    unfold(page, button)
    form = page.locator("form", has=page.get_by_role("button", name=button)).first
    for name, value in fields.items():
        form.locator(f"[name={name}]:not([type=hidden])").fill(value)
    form.get_by_role("button", name=button).click()


def add_history(suite: Suite, name: str) -> None:
    """Let everything that can happen to an account have happened to somebody, an hour after an hour."""
    engine = make_engine(suite.database_url)
    with engine.begin() as connection:
        query = text("SELECT public_id FROM users WHERE username = :name")
        subject = str(connection.execute(query, {"name": name}).scalar_one())
        for hours, (kind, reason) in enumerate([*((kind, None) for kind in KINDS), *_refusals()], start=1):
            at = datetime.now(UTC) - timedelta(hours=hours)
            client = None if kind in CHANGES and CHANGES[kind].actor == "operator" else FAR
            event = make_event(make_id(at), kind, subject, client or Client("", ""), at)
            insert_event(connection, event._replace(reason=reason, times=3 if reason else 1, facts=FACTS.get(kind)))
    engine.dispose()


def _refusals() -> Iterator[tuple[str, str]]:
    yield from (("session.refused", reason) for reason in REASONS)


def read_on(page: Page) -> Iterator[str]:
    """Read page after page, to the oldest event."""
    while True:
        yield page.locator("main").inner_text()
        older = page.get_by_role("link", name="Older")
        if not older.count():
            return
        older.click()
        expect(page.get_by_role("link", name="Newest")).to_be_visible()


def live(suite: Suite, page: Page) -> None:
    """Open an account, mistype its password, sign in, and change the phrase."""
    body = {"email": "hilda@example.com", "username": "hilda", "password": PASSWORD}
    assert httpx2.post(f"{suite.api_url}/register", json=body).status_code == httpx2.codes.OK
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username="hilda", password="green herons")
    expect(page.locator("#summary")).to_be_visible()
    submit(page, "Sign in", username="hilda", password=PASSWORD)
    expect(page.locator("h1")).to_have_text("Hello, hilda")
    page.goto(f"{suite.url}/profile")
    submit(page, "Save phrase", phrase="A thief's phrase")


def happened(page: Page) -> Locator:
    """Find what the page tells."""
    return page.get_by_role("list", name="What happened").get_by_role("listitem")


def test_everything_that_can_happen_is_told_in_words(suite: Suite, page: Page, look: Look) -> None:
    """Real events and all others, without one raw name; and what was not the owner is taken back for good."""
    live(suite, page)
    page.goto(f"{suite.url}/security")
    page.get_by_role("link", name="See what happened to your account").click()
    read_what_was_lived(page)
    add_history(suite, "hilda")
    page.reload()
    look("history")
    said = "\n".join(read_on(page))
    assert [kind for kind in KINDS if TEXT[f"event.{kind}"] not in said] == []
    assert [reason for reason in REASONS if TEXT[f"reason.{reason}"] not in said] == []
    assert [kind for kind in KINDS if kind in said] == []
    choose_parts(page)
    look("sign-ins")

    page.get_by_role("link", name="Everything").click()
    submit(page, "This was not me")
    expect(page.locator("main")).to_contain_text("Your account has its former phrase again.")
    look("confirm")
    suite.make_stale("hilda")
    take_back(suite, page)
    expect(page.locator(".phrase")).not_to_contain_text("thief")
    page.goto(f"{suite.url}/security/history")
    expect(happened(page).nth(2)).to_contain_text("Somebody said: this was not me")


def read_what_was_lived(page: Page) -> None:
    """Find it told: when, from where, by what means, and why something was refused."""
    expect(happened(page)).to_have_count(4)
    expect(happened(page).first).to_contain_text("Your phrase was changed")
    sign_in = re.compile(r"this device.* on Linux, from 127\.0\.0\.1.*With the password", re.DOTALL)
    expect(happened(page).nth(1)).to_contain_text(sign_in)
    # Summed up by the minute, refusals stand at its beginning.
    expect(happened(page).filter(has_text="A sign-in was refused")).to_contain_text("The password was wrong.")


def choose_parts(page: Page) -> None:
    """Look at parts of it, and ask by the keyboard what to do about a refusal."""
    page.get_by_role("link", name="Profile and account").click()
    expect(page.get_by_role("link", name="Profile and account")).to_have_attribute("aria-current", "true")
    expect(happened(page).first).to_contain_text("Your phrase was changed")
    page.get_by_role("link", name="Sign-ins").click()
    hint = happened(page).locator("details", has_text="Was that not you?").first
    hint.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(hint.locator("p")).to_be_visible()


def take_back(suite: Suite, page: Page) -> None:
    """Confirm it, prove who is there, and go on by the link in the mail."""
    submit(page, "Lock them out")
    expect(page.locator("h1")).to_have_text("Is it still you?")
    submit(page, "Confirm and go on", current_password=PASSWORD)
    expect(page.locator(".flash")).to_contain_text("Now choose a new password by the link in the mail")
    page.goto(suite.mail_link("/password/reset", "hilda@example.com"))
    submit(page, "Set the password", new_password="green herons at dusk")
    submit(page, "Sign in", username="hilda", password="green herons at dusk")
    expect(page.locator("h1")).to_have_text("Hello, hilda")
