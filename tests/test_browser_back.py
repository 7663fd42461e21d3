"""Back and reload never ask to send a form again, and what was typed in one tab outlives a sign-out in another."""

import httpx2
import pyotp
import pytest
from playwright.sync_api import Page, Request, expect

from testing.api import PASSWORD
from testing.browser import OpenPage, Picture, submit
from testing.suite import Suite

pytestmark = pytest.mark.browser


def make_account(suite: Suite, name: str) -> None:
    """Make an account by the API."""
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    assert httpx2.post(f"{suite.api_url}/register", json=body).status_code == httpx2.codes.OK


def sign_in(page: Page, suite: Suite, name: str) -> None:
    """Sign in by the form that the page shows."""
    submit(page, "Sign in", username=name, password=PASSWORD)
    expect(page.get_by_role("button", name="Sign out").first).to_be_visible()


def comes_back(page: Page, suite: Suite, title: str) -> None:
    """See that the page is had by reload and by Back, and that neither sends a form."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method != "GET":
            sent.append(request.url)

    page.on("request", note)
    page.reload()
    expect(page.locator("h1")).to_have_text(title)
    page.goto(f"{suite.url}/.well-known/passkey-endpoints")
    page.go_back()
    expect(page.locator("h1")).to_have_text(title)
    page.remove_listener("request", note)
    assert sent == []


def refuse_at_the_doors(page: Page, suite: Suite) -> None:
    """Sign up with two mistakes at once, and sign in with the wrong password."""
    page.goto(f"{suite.url}/register")
    submit(page, "Create account", email="no@address@", username="..", password=PASSWORD)
    expect(page.locator("#summary li")).to_have_count(2)
    expect(page.locator("[name=username]")).to_have_value("..")
    comes_back(page, suite, "Create your account")
    page.goto(f"{suite.url}/login")
    submit(page, "Sign in", username="bella", password="wrong")
    expect(page.locator("#summary")).to_contain_text("do not belong together")
    comes_back(page, suite, "Sign in")


def prove_again(page: Page, suite: Suite) -> None:
    """Change the phrase in a sign-in that is no longer fresh, at first with the wrong password."""
    suite.make_stale("bella")
    page.goto(f"{suite.url}/profile")
    submit(page, "Save phrase", phrase="Red boots")
    comes_back(page, suite, "Is it still you?")
    submit(page, "Confirm and go on", current_password="wrong")
    expect(page.locator("#current_password-error")).to_be_visible()
    comes_back(page, suite, "Is it still you?")
    submit(page, "Confirm and go on", current_password=PASSWORD)
    expect(page.locator(".phrase")).to_contain_text("Red boots")
    page.go_back()
    expect(page.locator("main")).to_contain_text("nothing left to confirm")


def set_up_the_factor(page: Page, suite: Suite) -> None:
    """Mistype the first code, and look at the recovery codes more than once."""
    page.goto(f"{suite.url}/security")
    submit(page, "Switch on")
    comes_back(page, suite, "Set up the second factor")
    submit(page, "Switch on", code="12")
    expect(page.locator("#code-error")).to_be_visible()
    comes_back(page, suite, "Set up the second factor")
    submit(page, "Switch on", code=pyotp.TOTP((page.text_content(".key") or "").replace(" ", "")).now())
    codes = page.text_content(".codes")
    comes_back(page, suite, "Recovery codes")
    assert page.text_content(".codes") == codes
    page.check("[name=saved]")
    submit(page, "Go on")
    page.go_back()
    expect(page.locator("main")).to_contain_text("shown no more")


def test_no_form_is_to_be_sent_again(suite: Suite, open_page: OpenPage) -> None:
    """Refused at the doors and in the profile, asked whether it is still you, in the set-up, and at the codes."""
    page = open_page()
    make_account(suite, "bella")
    refuse_at_the_doors(page, suite)
    sign_in(page, suite, "bella")
    page.goto(f"{suite.url}/profile")
    submit(page, "Save username", username="..")
    expect(page.locator("#username-error")).to_be_visible()
    comes_back(page, suite, "Profile")
    prove_again(page, suite)
    set_up_the_factor(page, suite)


def test_what_was_typed_waits_for_its_owner(suite: Suite, open_page: OpenPage, picture: Picture) -> None:
    """One tab signs out, the other is sent: after signing in it is there, and for nobody else."""
    first = open_page()
    make_account(suite, "clara")
    make_account(suite, "doris")
    first.goto(f"{suite.url}/login")
    sign_in(first, suite, "clara")
    second = first.context.new_page()
    for name, phrase in (("clara", "Green boots"), ("doris", "Blue boots")):
        second.goto(f"{suite.url}/profile")
        first.reload()
        first.get_by_role("button", name="Sign out").first.click()
        expect(first.locator("main")).to_contain_text("You are signed out.")
        submit(second, "Save phrase", phrase=phrase)
        expect(second.locator("main")).to_contain_text("Sign in again, and what you typed is there")
        picture(second, "signed out")
        sign_in(second, suite, name)
        if name == "clara":
            expect(second.locator("#summary")).to_contain_text("nothing was sent yet")
            expect(second.locator("[name=phrase]")).to_have_value(phrase)
            picture(second, "typed")
    expect(second.locator("[name=phrase]")).not_to_have_value("Blue boots")
    expect(second.locator("#summary")).to_have_count(0)

    first.goto(f"{suite.url}/profile")
    second.get_by_role("button", name="Sign out").first.click()
    sign_in(second, suite, "doris")
    submit(first, "Save phrase", phrase="Yellow boots")
    expect(first.locator("#summary")).to_contain_text("nothing was sent yet")
    expect(first.locator("[name=phrase]")).to_have_value("Yellow boots")
