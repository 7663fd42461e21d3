"""Every journey on a narrow phone without script and without a mouse."""

import time

import httpx2
import pyotp
import pytest
from playwright.sync_api import expect

from testing.api import PASSWORD, STEP_MARGIN
from testing.browser import OpenPage
from testing.keyboard import Keyboard
from testing.suite import Suite

NEW_PASSWORD = "green herons at dusk"

pytestmark = pytest.mark.browser


@pytest.fixture
def keyboard(suite: Suite, open_page: OpenPage) -> Keyboard:
    """Give a phone of 320 pixels with scripts disabled."""
    return Keyboard(open_page(width=320, height=640), suite.url)


def make_account(suite: Suite, name: str) -> None:
    """Make an account by the API, where the form is not the subject."""
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    assert httpx2.post(f"{suite.api_url}/register", json=body).status_code == httpx2.codes.OK


def sign_in(keyboard: Keyboard, name: str, password: str = PASSWORD) -> Keyboard:
    """Take the first step of a login."""
    return keyboard.open("/login").fill("Sign in", username=name, password=password)


def confirm_address(suite: Suite, keyboard: Keyboard, name: str) -> None:
    """Follow the first mail's link: only a mailbox that was confirmed has authority over an account."""
    keyboard.open(suite.mail_link("/email/verify", f"{name}@example.com")).press("Confirm my address")
    keyboard.reads("Thank you. Your email address is confirmed.")


def enable_totp(keyboard: Keyboard) -> tuple[pyotp.TOTP, list[str]]:
    """Switch the second factor on by typing the key, and read the recovery codes."""
    keyboard.open("/security").press("Switch on").reads("Scan this picture")
    totp = pyotp.TOTP(keyboard.text(".key").replace(" ", ""))
    keyboard.fill("Switch on", code=current_code(totp)).reads("The second factor is on.")
    return totp, keyboard.text(".codes").split()


def current_code(totp: pyotp.TOTP) -> str:
    """Read the authenticator, with time left to use what it shows."""
    left = 30 - time.time() % 30
    if left < STEP_MARGIN:
        time.sleep(left)
    return totp.now()


def test_an_account_from_its_first_day_to_its_last(keyboard: Keyboard) -> None:
    """Sign up with a mistake, change everything on the profile, delete with a mistake."""
    keyboard.open("/").follow("Create account")
    keyboard.fill("Create account", email="kim@example.com", username="kim", password="short").is_told("too short")
    expect(keyboard.page.locator("#email")).to_have_value("kim@example.com")
    keyboard.press("Show passwords as I type")
    expect(keyboard.page.locator("#password")).to_be_focused()
    keyboard.page.keyboard.type(PASSWORD)
    expect(keyboard.page.locator("#password[type=text]")).to_have_value(PASSWORD)
    keyboard.page.keyboard.press("Enter")
    keyboard.reads("Welcome! Your account is open").is_at("/")

    keyboard.follow("Profile").fill("Save phrase", phrase="Herons wear red boots").reads("Your new phrase is saved")
    expect(keyboard.page.locator(".phrase")).to_contain_text("Herons wear red boots")
    keyboard.fill("Save username", username="k").is_told("Use 3 to 50 letters")
    keyboard.fill("Save username", username="kim.lee").reads("Your username is saved")
    keyboard.fill("Change address", new_email="lee@example.com", current_password="wrong").is_told("not your current")
    keyboard.fill("Change address", current_password=PASSWORD).reads("Your address is lee@example.com.")
    keyboard.press("Send it again").reads("A mail with a link is on its way")

    keyboard.follow("Delete this account").reads("lee@example.com")
    keyboard.fill("Delete account", current_password=PASSWORD)
    keyboard.tick("Delete account", "confirm").press("Delete account")
    keyboard.is_at("/account/deleted").reads("One last mail is on its way")


def test_a_second_factor_and_its_recovery_codes(suite: Suite, keyboard: Keyboard) -> None:
    """On, saved, out, in by code, in by recovery code, new codes, off."""
    make_account(suite, "noor")
    sign_in(keyboard, "noor").is_at("/")
    totp, codes = enable_totp(keyboard)
    keyboard.tick("Go on", "saved").press("Go on").reads("Your recovery codes are ready")

    keyboard.press("Sign out").reads("You are signed out.")
    sign_in(keyboard, "noor").is_at("/login/code")
    keyboard.fill("Go on", totp="000000").is_told("That code is not right")
    suite.let_codes_pass("noor")
    keyboard.fill("Go on", totp=current_code(totp)).is_at("/")

    keyboard.press("Sign out").reads("You are signed out.")
    sign_in(keyboard, "noor").follow("No phone at hand?")
    keyboard.fill("Go on", totp=codes[0].lower()).reads("9 recovery codes left")
    keyboard.open("/security").unfold("Make new codes").reads("stop working at once").is_at("/security")
    keyboard.press("Replace my codes").reads("The old ones no longer work")
    keyboard.press("Go on").is_at("/security/totp/recovery-codes")  # the box must be ticked first
    keyboard.tick("Go on", "saved").press("Go on").unfold("Switch off").reads("and your recovery codes stop working")
    keyboard.press("Switch off the codes").reads("Your password alone now opens")


def test_asked_again_in_place(suite: Suite, keyboard: Keyboard, open_page: OpenPage) -> None:
    """Devices are told apart; a stale session is asked for the password, then signs the other one out."""
    make_account(suite, "olga")
    other = Keyboard(open_page(), suite.url)
    sign_in(other, "olga").is_at("/")
    sign_in(keyboard, "olga").is_at("/")
    suite.make_stale("olga")

    keyboard.open("/security").unfold("Sign out all other devices").press("Sign them out").reads("Is it still you?")
    keyboard.fill("Confirm and go on", current_password="wrong").is_told("That is not your current password")
    keyboard.fill("Confirm and go on", current_password=PASSWORD).reads("All other devices are signed out.")
    other.open("/profile").reads("This sign-in has ended")
    keyboard.fill("Change password", current_password=PASSWORD, new_password=NEW_PASSWORD)
    keyboard.reads("Your password is changed")


@pytest.mark.parametrize("email", ["josé@example.com", "ana@exämple.com"])
def test_an_address_in_letters_of_its_owner(keyboard: Keyboard, email: str) -> None:
    """The browser keeps no address from a form that the service takes."""
    keyboard.open("/register").fill("Create account", email=email, password=PASSWORD).is_at("/")
    keyboard.open("/profile").reads(f"Your address is {email}.")


def test_a_page_left_open(suite: Suite, keyboard: Keyboard) -> None:
    """Cookies end while somebody types: the form is back with everything but the password, and works."""
    make_account(suite, "quin")
    keyboard.open("/login").page.context.clear_cookies()
    keyboard.tick("Sign in", "remember_me").fill("Sign in", username="quin", password=PASSWORD).is_told("open too long")
    expect(keyboard.page.locator("#username")).to_have_value("quin")
    expect(keyboard.page.locator("#password")).to_have_value("")
    expect(keyboard.page.locator("#remember_me")).to_be_checked()
    keyboard.fill("Sign in", password=PASSWORD).is_at("/")


@pytest.mark.asvs("6.4.3")
def test_a_forgotten_password_with_a_second_factor(suite: Suite, keyboard: Keyboard) -> None:
    """By the link of the mail to a new password, which does not replace the code."""
    make_account(suite, "pia")
    confirm_address(suite, keyboard, "pia")
    sign_in(keyboard, "pia").is_at("/")
    totp, _codes = enable_totp(keyboard)
    keyboard.page.context.clear_cookies()

    keyboard.open("/login").press("Forgot your password?").fill("Send the link", email="pia@example.com")
    keyboard.reads("If pia@example.com belongs to an account")
    keyboard.open(suite.mail_link("/password/reset", "pia@example.com")).reads("Choose a new password")
    keyboard.fill("Set the password", new_password="password1").is_told("on lists that attackers try first")
    keyboard.fill("Set the password", new_password=NEW_PASSWORD).is_at("/login").reads("Your new password is set")

    suite.let_codes_pass("pia")
    keyboard.fill("Sign in", username="pia", password=NEW_PASSWORD).is_at("/login/code")
    keyboard.fill("Go on", totp=current_code(totp)).is_at("/")


def test_it_was_somebody_else(suite: Suite, keyboard: Keyboard, open_page: OpenPage) -> None:
    """A thief moves the account away; the owner takes it back from a notice and from the mail to the old address."""
    make_account(suite, "rosa")
    confirm_address(suite, keyboard, "rosa")
    thief = Keyboard(open_page(), suite.url)
    sign_in(thief, "rosa").is_at("/").open("/profile")
    thief.fill("Save phrase", phrase="All is well").reads("is on its way to tell you")
    keyboard.open(suite.mail_link("/account/disown", "rosa@example.com", "phrase_changed")).reads("This was not me")
    keyboard.press("Lock them out").is_at("/login").reads("Everybody is signed out of your account")
    thief.open("/profile").reads("This sign-in has ended")

    sign_in(thief, "rosa").is_at("/").open("/profile")
    thief.fill("Change address", new_email="thief@example.com", current_password=PASSWORD).reads("tells of it")
    keyboard.open(suite.mail_link("/email/revert", "rosa@example.com")).press("Undo the change")
    keyboard.is_at("/login").reads("Your account has its address back")
    thief.open("/profile").reads("This sign-in has ended")


def test_an_address_is_confirmed(suite: Suite, keyboard: Keyboard) -> None:
    """Home asks for it, the mail's link does it, signed in or not."""
    make_account(suite, "sam")
    sign_in(keyboard, "sam").reads("Confirm your email address")
    keyboard.open(suite.mail_link("/email/verify", "sam@example.com")).press("Confirm my address")
    keyboard.is_at("/").reads("Thank you. Your email address is confirmed.")


def test_the_back_button_shows_nothing_private(suite: Suite, keyboard: Keyboard) -> None:
    """After signing out, the history holds addresses and no pages."""
    make_account(suite, "tara")
    sign_in(keyboard, "tara").is_at("/")
    keyboard.follow("Security").reads("Where you are signed in")
    keyboard.follow("Profile").reads("tara@example.com").press("Sign out").reads("You are signed out.")

    for _ in range(3):
        keyboard.page.go_back()
        expect(keyboard.page.locator("body")).not_to_contain_text("tara")
        expect(keyboard.page.locator(".phrase")).to_have_count(0)
