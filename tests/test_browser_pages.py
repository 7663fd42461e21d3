"""Every page in every state: nothing for axe-core to find in either scheme, and nothing wider than its window."""

import re
from collections.abc import Callable

import httpx2
import pyotp
import pytest
from playwright.sync_api import Page, expect

from testing.api import PASSWORD
from testing.axe import find_barriers
from testing.browser import OpenPage, Picture, StartPages, unfold
from testing.keyboard import OVERFLOW
from testing.suite import Suite

# The longest that fit, in scripts of different widths.
LONG_NAME = "maximiliane-von-und-zu-hohenlohe-langenburg_100.01"
LONG_EMAIL = f"{'long.' * 12}post@{'subdomain.' * 9}example.com"
LONG_PHRASE = "🦩 Flamingos dance 舞蹈中的火烈鸟 " + "W" * 120 + " עם מגפיים אדומים 👩‍👩‍👧‍👦"
# A phone, a desktop at 200 %, a tablet, a desktop.
WIDTHS = (320, 640, 768, 1280)
# The form of a page that cannot be had while the API is away.
SEND_ELSEWHERE = """() => {
  const form = document.querySelector("main form");
  form.action = "/profile/email";
  form.innerHTML += "<input name=new_email value=new@example.com><input name=current_password value=x>";
  form.submit();
}"""

# An access token of the API's form, long over.
ENDED = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJwdXBlcm8iLCJpYXQiOjEsImV4cCI6Mn0.c2lnbmF0dXJl"

pytestmark = pytest.mark.browser
Look = Callable[[str], None]


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Give a window in which axe-core may run."""
    return open_page(scripts=True)


@pytest.fixture
def look(page: Page, picture: Picture) -> Look:
    """Give a function that looks at the page in its present state."""

    def look_at(state: str) -> None:
        page.wait_for_load_state()
        page.emulate_media(color_scheme="light")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(OVERFLOW) <= 0, f"{state} scrolls sideways at {width} px"
            if width == WIDTHS[0]:
                picture(page, f"{state} narrow")
        assert find_barriers(page) == [], state
        picture(page, state)

    return look_at


def submit(page: Page, button: str, **fields: str) -> None:
    """Fill in the form that a button belongs to and press it, whatever the browser itself would say."""
    unfold(page, button)
    form = page.locator("form", has=page.get_by_role("button", name=button, exact=True)).first
    form.evaluate("form => { form.noValidate = true }")
    for name, value in fields.items():
        form.locator(f"[name={name}]:not([type=hidden])").fill(value)
    form.get_by_role("button", name=button, exact=True).click()


def make_account(suite: Suite, name: str, email: str) -> None:
    """Make an account by the API."""
    body = {"email": email, "username": name, "password": PASSWORD}
    answer = httpx2.post(f"{suite.api_url}/register", json=body)
    assert answer.status_code == httpx2.codes.OK, answer.text


def enable_totp(page: Page) -> list[str]:
    """Switch the second factor on; return the recovery codes."""
    submit(page, "Switch on", code=pyotp.TOTP((page.text_content(".key") or "").replace(" ", "")).now())
    return (page.text_content(".codes") or "").split()


@pytest.mark.parametrize(
    ("path", "button"),
    [("/register", "Create account"), ("/login", "Sign in"), ("/password/forgot", "Send the link")],
)
def test_front_pages(suite: Suite, page: Page, look: Look, path: str, button: str) -> None:
    """As they come, with every field missing, and with passwords shown."""
    page.goto(suite.url + path)
    look("fresh")
    submit(page, button)
    expect(page.locator("#summary")).to_be_focused()
    look("empty")
    if path != "/password/forgot":
        page.get_by_role("button", name="Show passwords as I type").click()
        look("passwords shown")


def test_pages_that_say_no(suite: Suite, page: Page, look: Look, start_pages: StartPages) -> None:
    """The front page, a missing one, refusals, a form too old, and an API that is away."""
    for path, state in (("/", "welcome"), ("/nope", "404"), ("/account/deleted", "deleted"), ("/no-passkey", "405")):
        page.goto(suite.url + path)
        look(state)
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username=LONG_EMAIL, password="wrong")
    look("wrong password")
    page.context.clear_cookies()
    submit(page, "Sign in", username="x", password="wrong")
    look("stale form")
    away = start_pages("http://127.0.0.1:9").url
    page.goto(f"{away}/login")
    submit(page, "Sign in", username="x", password="wrong")
    look("outage")
    page.context.add_cookies([{"name": "access_token", "value": ENDED, "url": away}])
    page.goto(f"{away}/profile")
    look("outage behind the sign-in")
    page.goto(f"{away}/login")
    page.evaluate(SEND_ELSEWHERE)
    expect(page.locator("main")).to_contain_text("What you typed")
    look("outage keeps what was typed")


def test_links_of_mails(suite: Suite, page: Page, look: Look, start_pages: StartPages) -> None:
    """Each page as it stands without the API, and what it says when its link is over."""
    away = start_pages("http://127.0.0.1:9").url
    for path in ("/email/verify", "/email/change", "/email/revert", "/account/disown", "/password/reset"):
        page.goto(f"{away}{path}?token=none")
        look(path.replace("/", " ").strip())
        page.goto(f"{suite.url}{path}?token=none")
        expect(page.locator("h1")).to_have_text("This link no longer works")
        look(f"{path} over".replace("/", " ").strip())
    page.goto(f"{suite.url}/password/reset?link=lost")
    look("link lost")


def test_links_that_say_what_they_are_about(suite: Suite, page: Page, look: Look) -> None:
    """Who opened the account, what "this was not me" takes back, and a password that is missing."""
    make_account(suite, "wanda", "wanda@example.com")
    page.goto(suite.mail_link("/email/verify", "wanda@example.com"))
    expect(page.locator("main")).to_contain_text("The account was opened on")
    look("email verify opened")
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username="wanda", password=PASSWORD)
    page.goto(f"{suite.url}/profile")
    submit(page, "Save phrase", phrase="Red boots")
    page.goto(suite.mail_link("/account/disown", "wanda@example.com", "phrase_changed"))
    look("account disown phrase")
    submit(page, "Lock them out")
    page.goto(suite.mail_link("/password/reset", "wanda@example.com"))
    look("reset")
    submit(page, "Set the password")
    look("reset empty")


def test_pages_behind_the_sign_in(suite: Suite, page: Page, look: Look) -> None:
    """With the longest name, address and phrase that there can be."""
    make_account(suite, LONG_NAME, LONG_EMAIL)
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username=LONG_NAME, password=PASSWORD)
    look("home")
    page.goto(f"{suite.url}/profile")
    submit(page, "Save phrase", phrase=LONG_PHRASE)
    look("profile")
    submit(page, "Change address", new_email="nonsense", current_password="x")
    look("profile refused")
    page.goto(f"{suite.url}/account/delete")
    look("delete")
    submit(page, "Delete account")
    look("delete refused")
    suite.make_stale(LONG_NAME)
    page.goto(f"{suite.url}/security")
    submit(page, "Switch on")
    look("asked again")
    submit(page, "Confirm and go on", current_password="wrong")
    look("asked again refused")


def test_pages_of_the_second_factor(suite: Suite, page: Page, look: Look) -> None:
    """Off, in the middle, on, codes, and the second step of a login."""
    make_account(suite, "uma", "uma@example.com")
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username="uma", password=PASSWORD)
    page.goto(f"{suite.url}/security")
    look("security off")
    submit(page, "Switch on")
    look("set up")
    submit(page, "Switch on", code="12")
    look("set up refused")
    assert len(enable_totp(page)) == 10
    look("recovery codes")
    page.goto(f"{suite.url}/security")
    look("security on")
    suite.make_stale("uma")
    page.goto(f"{suite.url}/security")
    submit(page, "Change password", current_password=PASSWORD, new_password="green herons at dusk", code="12")
    expect(page.locator("#code-error")).to_be_visible()
    look("password wants a code")
    page.goto(f"{suite.url}/profile")
    look("email wants a code")
    page.context.clear_cookies()
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username="uma", password=PASSWORD)
    look("code")
    submit(page, "Go on", totp="12")
    look("code refused")
    page.get_by_role("link", name=re.compile("recovery code")).click()
    look("recovery code")
    suite.let_codes_pass("uma")


def test_axe_finds_what_is_there_to_find(page: Page) -> None:
    """Or the tests above would prove nothing."""
    page.set_content("<html lang=en><title>x</title><main><h1 style='color: #ccc'>Pale words</h1><input></main></html>")

    found = ["".join(barrier.split(":")[:2]) for barrier in find_barriers(page)]
    assert found == ["light color-contrast", "light label", "dark color-contrast"]


def test_a_page_of_devices(suite: Suite, page: Page, look: Look) -> None:
    """Three sign-ins beside this one."""
    make_account(suite, "vera", "vera@example.com")
    agents = (
        "curl/8.5.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
        "",
    )
    for agent in agents:
        body = {"username": "vera", "password": PASSWORD}
        assert httpx2.post(f"{suite.api_url}/login", json=body, headers={"User-Agent": agent}).status_code == 200
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username="vera", password=PASSWORD)
    httpx2.post(f"{suite.api_url}/login", json={"username": "vera", "password": PASSWORD})
    page.goto(f"{suite.url}/security")
    look("devices")
    page.goto(suite.url)
    look("home")
