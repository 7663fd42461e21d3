"""The whole suite as a person meets it: browser, pages, API and database, without a script in the browser."""

import re
import time

import pyotp
import pytest
from playwright.sync_api import Page, expect

from testing.api import STEP_MARGIN
from testing.browser import OpenPage, Picture, StartPages, submit
from testing.pictures import read_qr_picture

PASSWORD = "blue herons at dawn"
OLD_STEP_MARGIN = 15.0  # seconds: the code before the present one is good until this step ends, and no longer

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)]


def scan(page: Page) -> pyotp.TOTP:
    """Scan the page's picture as a phone would."""
    totp = pyotp.parse_uri(read_qr_picture(page.locator("img.qr").screenshot()))
    assert isinstance(totp, pyotp.TOTP)
    return totp


def current_code(totp: pyotp.TOTP, steps: int = 0) -> str:
    """Read the authenticator, with time left to use what it shows."""
    left = 30 - time.time() % 30
    if left < (STEP_MARGIN if steps >= 0 else OLD_STEP_MARGIN):
        time.sleep(left)
    return totp.at(int(time.time()), counter_offset=steps)


def register(page: Page, url: str, name: str = "ada") -> None:
    """Make an account by the form."""
    page.goto(f"{url}/register")
    submit(page, "Create account", email=f"{name}@example.com", username=name, password=PASSWORD)
    expect(page).to_have_url(f"{url}/")


def enable_totp(page: Page, url: str, picture: Picture) -> pyotp.TOTP:
    """Switch the second factor on by scanning the picture, and save the recovery codes."""
    page.goto(f"{url}/security")
    picture(page, "security")
    submit(page, "Switch on")
    picture(page, "picture")
    totp = scan(page)
    assert totp.secret in (page.text_content(".key") or "").replace(" ", "")
    submit(page, "Switch on", code=current_code(totp, -1))
    picture(page, "recovery-codes")
    assert len(re.findall(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", page.text_content(".codes") or "")) == 10
    page.check("[name=saved]")
    submit(page, "Go on")
    return totp


def save_codes(page: Page) -> list[str]:
    """Download the recovery codes, see that a click selects them all to be copied, and return those of the file."""
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as a text file").click()
    file = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename == "pupero-recovery-codes.txt"
    assert page.locator(".codes").evaluate("codes => getComputedStyle(codes).userSelect") == "all"
    return [line for line in file.splitlines() if re.fullmatch(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", line)]


def sign_out(page: Page, url: str) -> None:
    """Leave, and see that nothing private comes back."""
    page.get_by_role("button", name="Sign out").first.click()
    expect(page).to_have_url(f"{url}/login")
    page.go_back()
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)


def sign_in(page: Page, url: str, totp: pyotp.TOTP, picture: Picture) -> None:
    """Come back with password and code."""
    page.goto(f"{url}/login")
    submit(page, "Sign in", username="ada@example.com", password=PASSWORD)
    expect(page).to_have_url(f"{url}/login/code")
    picture(page, "code")
    submit(page, "Go on", totp=current_code(totp))
    expect(page).to_have_url(f"{url}/")


def switch_off(page: Page) -> None:
    """Open what asks first, and switch the second factor off."""
    page.locator("summary", has_text="Switch off").click()
    submit(page, "Switch off the codes")


def delete_account(page: Page, url: str, picture: Picture) -> None:
    """Delete the account, and find that it is gone."""
    page.goto(f"{url}/account/delete")
    picture(page, "delete")
    page.check("[name=confirm]")
    submit(page, "Delete account", current_password=PASSWORD)
    picture(page, "deleted")
    page.goto(f"{url}/login")
    submit(page, "Sign in", username="ada@example.com", password=PASSWORD)
    expect(page.locator("body")).to_contain_text("do not belong together")


@pytest.mark.asvs("3.4.3", "14.3.1")
def test_a_person_lives_through_everything(
    api_url: str, start_pages: StartPages, open_page: OpenPage, picture: Picture
) -> None:
    """Register, profile, phrase, second factor by picture, out, in with a code, factor off, deleted."""
    url, page = start_pages(api_url).url, open_page()
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if message.type == "error" else None)

    register(page, url)
    picture(page, "home")
    page.goto(f"{url}/profile")
    picture(page, "profile")
    submit(page, "Save phrase", phrase="Herons wear red boots")
    expect(page.locator("body")).to_contain_text("Herons wear red boots")
    totp = enable_totp(page, url, picture)
    sign_out(page, url)
    sign_in(page, url, totp, picture)
    expect(page.locator("body")).to_contain_text("Herons wear red boots")
    page.goto(f"{url}/security")
    switch_off(page)
    expect(page.locator("#totp")).to_contain_text("Off")
    delete_account(page, url, picture)

    assert [text for text in violations if "status of 4" not in text] == []


@pytest.mark.asvs("6.5.2")
def test_a_lost_phone_is_replaced(api_url: str, start_pages: StartPages, open_page: OpenPage, picture: Picture) -> None:
    """In by a recovery code, factor off, a new one on."""
    url, page = start_pages(api_url).url, open_page(width=320, height=700)
    register(page, url)
    page.goto(f"{url}/security")
    submit(page, "Switch on")
    old = scan(page)
    submit(page, "Switch on", code=current_code(old))
    codes = (page.text_content(".codes") or "").split()
    assert save_codes(page) == codes

    page.context.clear_cookies()
    page.goto(f"{url}/login")
    submit(page, "Sign in", username="ada", password=PASSWORD)
    page.get_by_role("link", name=re.compile("recovery code", re.IGNORECASE)).click()
    picture(page, "use-recovery-code")
    submit(page, "Go on", totp=codes[4].lower().replace("-", " "))
    expect(page).to_have_url(f"{url}/")

    page.goto(f"{url}/security")
    expect(page.locator("#totp")).to_contain_text("9")
    switch_off(page)
    submit(page, "Switch on")
    new = scan(page)
    assert new.secret != old.secret
    submit(page, "Switch on", code=current_code(new))
    picture(page, "new-recovery-codes")
    assert set((page.text_content(".codes") or "").split()).isdisjoint(codes)
