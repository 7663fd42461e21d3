"""Passkeys as people use them: a real Chromium with authenticators of its own, pages, API and database."""

from urllib.parse import parse_qs

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from testing.axe import find_barriers
from testing.browser import OpenPage, Picture, StartPages, unfold
from testing.keyboard import OVERFLOW, Keyboard
from testing.suite import Suite
from testing.virtual_keys import PHONE, SECURITY_KEY, VirtualKey, plug_in

PASSWORD = "blue herons at dawn"
PASSKEY_BUTTON = "Sign in with a passkey"
QUESTION = "**/login/passkey/options"
SEND_AGAIN = """([ceremony, credential]) => {
  const form = document.querySelector("main form");
  form.action = "/login/passkey";
  form.elements.ceremony.value = ceremony;
  form.elements.credential.value = credential;
  form.submit();
}"""

pytestmark = pytest.mark.browser


def register(suite: Suite, page: Page, name: str, url: str = "") -> None:
    """Make an account by the API, and sign in to it by the pages."""
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    assert httpx2.post(f"{suite.api_url}/register", json=body).status_code == httpx2.codes.OK
    page.goto(f"{url or suite.named_url}/login")
    log_in(page, name)
    expect_greeting(page, name)


def log_in(page: Page, name: str) -> None:
    """Give the password."""
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def expect_greeting(page: Page, name: str) -> None:
    """Find oneself signed in."""
    expect(page.get_by_role("heading", name=f"Hello, {name}")).to_be_visible()


def press(page: Page, button: str) -> None:
    """Press a button by the words on it."""
    page.get_by_role("button", name=button).click()


def said(page: Page) -> Locator:
    """Find what the script says."""
    return page.locator("[data-passkey-said]:not(:empty)")


def begin_adding(page: Page, name: str) -> None:
    """Ask for one more passkey, from the page of security."""
    press(page, "Add a passkey")
    page.fill("[name=name]", name)
    press(page, "Make the passkey")


def add_first(page: Page, url: str, name: str) -> str:
    """Add the first passkey; go on to the page of security, and return a recovery code."""
    page.goto(f"{url}/security")
    begin_adding(page, name)
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator(".codes").inner_text().split()
    page.check("[name=saved]")
    press(page, "Go on")
    expect(page.locator("#passkeys")).to_contain_text(name)
    return codes[0]


def wait_until_empty(page: Page, key: VirtualKey) -> None:
    """Wait until the browser has heard that none of an authenticator's passkeys is good any more."""
    for _ in range(600):
        if not key.credentials():
            return
        page.wait_for_timeout(100)
    raise AssertionError("the browser keeps a passkey that opens nothing")


def sign_out(page: Page) -> None:
    """Leave by the menu."""
    press(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def sign_out_untouched(page: Page, phone: VirtualKey) -> None:
    """Leave; nobody touches the phone for what the browser then offers at the field."""
    phone.touch(always=False)
    with page.expect_response(QUESTION):
        sign_out(page)


def touch_at_the_button(page: Page, phone: VirtualKey, clicks: int = 1) -> None:
    """Press the button, and touch for its question: later than the offer at the field ends, before the browser asks."""

    def touch(route: Route) -> None:
        phone.touch(always=True)
        route.continue_()

    page.route(QUESTION, touch, times=1)
    page.get_by_role("button", name=PASSKEY_BUTTON).click(click_count=clicks)


@pytest.mark.asvs("6.3.3", "6.5.1")
def test_one_click_without_typing(suite: Suite, open_page: OpenPage, picture: Picture) -> None:
    """By a button, then by what the browser offers at the field; the phone is lost, and a recovery code opens again."""
    url, page = suite.named_url, open_page(scripts=True, width=390)
    phone = plug_in(page, PHONE)
    register(suite, page, "touch")
    expect(page.get_by_role("heading", name="Next time, sign in without typing")).to_be_visible()
    picture(page, "advice")
    code = add_first(page, url, "My phone")
    picture(page, "security")
    sign_out_untouched(page, phone)
    expect(page.get_by_role("button", name=PASSKEY_BUTTON)).to_be_visible()
    picture(page, "sign-in")
    touch_at_the_button(page, phone, clicks=2)
    expect_greeting(page, "touch")
    expect(page.get_by_role("heading", name="Next time, sign in without typing")).to_have_count(0)

    page.get_by_role("navigation").get_by_role("button", name="Sign out").click()
    expect_greeting(page, "touch")

    phone.touch(always=False)
    page.get_by_role("navigation").get_by_role("button", name="Sign out").click()
    phone.lose()
    log_in(page, "touch")
    expect(page.get_by_role("heading", name="Use your passkey")).to_be_visible()
    picture(page, "second-step")
    page.get_by_role("link", name="No phone at hand? Use a recovery code").click()
    page.fill("[name=totp]", code)
    press(page, "Go on")
    expect_greeting(page, "touch")


def test_a_key_that_verifies_nobody_comes_after_the_password(suite: Suite, open_page: OpenPage) -> None:
    """It is known on its own device, stands beside another, and a counter that runs backwards is told, not punished."""
    url, page = suite.named_url, open_page(scripts=True)
    key = plug_in(page, SECURITY_KEY)
    register(suite, page, "keyed")
    add_first(page, url, "Key on the ring")
    begin_adding(page, "The same once more")
    expect(said(page)).to_have_text(
        "There is a passkey for this account here already. Use it, or add another device or key."
    )
    key.touch(always=False)
    drawer = plug_in(page, SECURITY_KEY)
    press(page, "Make the passkey")
    expect(page.locator("#passkeys")).to_contain_text("The same once more")
    drawer.lose()
    key.touch(always=True)

    for count in (90, 40):
        key.set_counter(count)
        sign_out(page)
        log_in(page, "keyed")
        press(page, "Use a passkey")
        expect_greeting(page, "keyed")
    assert suite.mail_link("/account/disown", "keyed@example.com", "passkey_counter")


def test_a_refusal_of_the_browser_has_its_words(suite: Suite, open_page: OpenPage, picture: Picture) -> None:
    """Nobody was recognised, and no passkey is here; by an address that is a number nothing is offered."""
    url, page = suite.named_url, open_page(scripts=True, width=320)
    phone = plug_in(page, PHONE)
    register(suite, page, "refused")
    add_first(page, url, "My phone")
    sign_out_untouched(page, phone)
    phone.refuse()
    touch_at_the_button(page, phone)
    expect(said(page)).to_contain_text("Nothing has happened: it was cancelled")
    picture(page, "cancelled")

    phone.lose()
    plug_in(page, PHONE)
    log_in(page, "refused")
    press(page, "Use a passkey")
    expect(said(page)).to_contain_text("there is no passkey for this site here")
    picture(page, "no passkey here")

    page.goto(f"{suite.url}/login")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=PASSKEY_BUTTON)).to_have_count(0)


def test_a_refusal_of_the_api_has_its_words(
    suite: Suite, open_page: OpenPage, picture: Picture, start_pages: StartPages
) -> None:
    """An answer that was sent twice, and one that was given to pages at another origin."""
    url, page = suite.named_url, open_page(scripts=True, width=320)
    phone = plug_in(page, PHONE)
    register(suite, page, "twice")
    add_first(page, url, "My phone")
    sign_out_untouched(page, phone)
    with page.expect_request("**/login/passkey") as answer:
        touch_at_the_button(page, phone)
    expect_greeting(page, "twice")
    sign_out_untouched(page, phone)
    sent = parse_qs(answer.value.post_data or "")
    page.evaluate(SEND_AGAIN, [sent["ceremony"][0], sent["credential"][0]])
    expect(page.locator("#summary")).to_contain_text("That took too long or was used already.")
    picture(page, "sent twice")

    page.goto(start_pages(suite.api_url).url.replace("127.0.0.1", "localhost") + "/login")
    log_in(page, "twice")
    press(page, "Use a passkey")
    phone.touch(always=True)
    expect(page.locator("#summary")).to_contain_text("That passkey did not work here.")


def test_a_question_is_asked_anew_before_it_is_over(suite: Suite, open_page: OpenPage) -> None:
    """Whoever comes back to the page after some minutes is offered a passkey that still signs in."""
    page = open_page(scripts=True)
    asked = []
    page.on("request", lambda request: asked.append(request) if request.url.endswith("/options") else None)
    plug_in(page, PHONE).touch(always=False)
    page.clock.install()
    page.goto(f"{suite.named_url}/login")
    for _ in range(100):
        page.clock.fast_forward("04:40")
        page.wait_for_timeout(100)
        if len(asked) > 1:
            return
    raise AssertionError("the first question is the last")


def test_a_passkey_that_was_removed_in_another_tab(suite: Suite, open_page: OpenPage) -> None:
    """The page says so, the browser forgets the key, and whoever removes the last one reads what goes with it."""
    url, page = suite.named_url, open_page(scripts=True)
    phone = plug_in(page, PHONE)
    register(suite, page, "gone")
    add_first(page, url, "My phone")
    assert len(phone.credentials()) == 1
    other = page.context.new_page()
    other.goto(f"{url}/security")
    other.locator("#passkeys summary").click()

    page.locator("#passkeys summary").click()
    expect(page.locator("#passkeys details")).to_contain_text("your recovery codes stop working")
    press(page, "Remove passkey")
    expect(page.locator("#passkeys")).to_contain_text("Your last passkey is removed, and your recovery codes with it.")
    wait_until_empty(page, phone)
    press(other, "Save name")
    expect(other.locator("#summary")).to_contain_text("That passkey was removed already.")


def test_is_it_still_you(suite: Suite, open_page: OpenPage, picture: Picture) -> None:
    """One touch in the place of the password, and the change is made."""
    url, page = suite.named_url, open_page(scripts=True, width=390)
    plug_in(page, PHONE)
    register(suite, page, "still")
    add_first(page, url, "My phone")
    suite.make_stale("still")
    page.locator("#passkeys summary").click()
    page.fill("#passkeys details [name=name]", "Blue phone")
    press(page, "Save name")
    expect(page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    picture(page, "asked again")
    press(page, "Use a passkey")
    expect(page.locator("#passkeys")).to_contain_text("The new name is saved.")
    expect(page.locator("#passkeys")).to_contain_text("Blue phone")

    page.goto(f"{url}/profile")
    suite.make_stale("still")
    page.goto(f"{url}/profile")
    unfold(page, "Change address")
    button = page.get_by_role("button", name="Use a passkey")
    button.click()
    expect(page.locator("[name=new_email]")).to_be_focused()
    page.fill("[name=new_email]", "still@example.org")
    page.fill("[name=current_password]", PASSWORD)
    button.click()
    expect(page.locator("main")).to_contain_text("Your address is still@example.org.")


def test_without_script_nothing_is_shown_that_does_not_work(suite: Suite, open_page: OpenPage) -> None:
    """No button, no advice, no card without a passkey."""
    url, page = suite.named_url, open_page()
    register(suite, page, "plain")
    for path in ("/", "/security", "/security/passkeys/add", "/profile", "/account/delete"):
        page.goto(url + path)
        for part in page.locator("[data-needs-passkeys]").all():
            expect(part).to_be_hidden()
    expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
    sign_out(page)
    expect(page.get_by_role("button", name=PASSKEY_BUTTON)).to_have_count(0)


def test_each_state_by_keyboard_on_a_narrow_phone(suite: Suite, open_page: OpenPage, picture: Picture) -> None:
    """Nothing for axe-core to find in either scheme, nothing wider than the window, focus seen at every stop."""
    url, page = suite.named_url, open_page(scripts=True, width=320, height=700)
    plug_in(page, PHONE)
    register(suite, page, "states")
    person = Keyboard(page, url)

    def look(state: str) -> None:
        assert page.evaluate(OVERFLOW) <= 0, state
        assert find_barriers(page) == [], state
        picture(page, f"{state} dark")
        page.emulate_media(color_scheme="light")
        picture(page, state)

    look("advice")
    person.open("/security").press("Add a passkey").reads("Your browser asks where to keep it")
    look("add")
    person.fill("Make the passkey", name="W" * 60).reads("These are shown only now")
    person.tick("Go on", "saved").press("Go on").reads("W" * 60)
    page.locator("#passkeys summary").focus()
    page.keyboard.press("Enter")
    look("security")
    suite.make_stale("states")
    person.press("Remove passkey : " + "W" * 60).reads("Is it still you?")
    look("asked again")
