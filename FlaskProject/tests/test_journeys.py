"""Whole journeys: a browser without script, the pages, the real API over a socket, SQLite and MariaDB."""

import html
import re
from base64 import b64decode
from typing import Any
from urllib.parse import unquote

import pyotp
import pytest

from app.config import Settings
from testing.ageing import age, issued_earlier
from testing.api import RunSql
from testing.visits import PASSWORD, Visit

NEW_PASSWORD = "green herons at dusk"


@pytest.mark.asvs("1.2.1", "1.1.2")
def test_from_sign_up_to_deletion(visit: Visit) -> None:
    """Everything that an account is for, and an end that leaves nothing behind."""
    assert visit.register("ada").path == "/"
    assert visit.says("Welcome! Your account is open")
    assert visit.says("Welcome to Pupero")

    visit.open("/profile").send("/profile/phrase", phrase="Red <b>boots</b> & co")
    assert visit.says("Your new phrase is saved")
    assert "Red &lt;b&gt;boots&lt;/b&gt; &amp; co" in visit.page

    visit.send("/profile/username", username="lovelace")
    assert visit.says("Your username is saved")
    visit.send("/profile/email", new_email="ada@example.org", current_password=PASSWORD)
    assert visit.says("Your address is ada@example.org.")

    visit.open("/").send("/logout")
    assert visit.says("You are signed out.")
    assert visit.log_in("ada@example.org").says("Hello, lovelace")

    visit.open("/account/delete").send("/account/delete", current_password=PASSWORD, confirm="true")
    assert visit.path == "/account/deleted"
    assert visit.says("Everything we kept about you is gone")
    assert visit.log_in("ada@example.org").says("do not belong together")


@pytest.mark.asvs("6.5.6")
def test_a_lost_phone(visit: Visit, let_codes_pass: Any) -> None:
    """Second factor on, a code to sign in, the phone gone, a recovery code, factor off, a new one on."""
    visit.register("ada")
    secret, codes = visit.enable_totp()
    assert visit.says("The second factor is on.")
    assert len(codes) == 10
    file = re.search(r'href="data:text/plain;charset=utf-8,([^"]+)"', visit.page)
    assert file
    assert all(code in unquote(html.unescape(file[1])) for code in codes)
    assert visit.send("/security/totp/saved", saved="true").says("Your recovery codes are ready")
    visit.send("/logout")

    assert visit.log_in("ada").path == "/login/code"
    assert visit.send("/login/code", totp="000000").says("That code is not right")
    let_codes_pass()
    assert visit.send("/login/code", totp=pyotp.TOTP(secret).now()).path == "/"
    visit.send("/logout")

    visit.log_in("ada")
    visit.open("/login/code?with=recovery")
    assert visit.send("/login/code", totp=codes[0].lower()).says("On, 9 recovery codes left")
    assert visit.open("/security").send("/security/totp/disable").says("Your password alone now opens the account")
    fresh_secret, _codes = visit.enable_totp()
    assert fresh_secret != secret


def test_codes_that_nobody_saved_are_missed(visit: Visit) -> None:
    """Home and Security say so until new ones are; a tab with codes of before says nothing of the new."""
    missed = "Are your recovery codes saved?"
    visit.register("ada").enable_totp()
    of_before = visit.hidden("/security/totp/saved")["code_set"]

    assert visit.open("/").says(missed)
    assert not visit.says("Everything is in good order")
    assert visit.open("/security").says(missed)
    visit.send("/security/totp/recovery-codes")
    assert visit.send("/security/totp/saved", saved="true", code_set=of_before).says("replaced in the meantime")
    assert visit.says(missed)
    visit.open("/").send("/security/totp/recovery-codes").send("/security/totp/saved", saved="true")
    assert visit.says("Your recovery codes are ready")
    assert not visit.says(missed)
    assert not visit.open("/").says(missed)


def test_enrolment_survives_a_typo(visit: Visit) -> None:
    """A mistyped code brings back the same secret, and the picture that was scanned."""
    visit.register("ada").open("/security").send("/security/totp/start")
    secret = visit.hidden("/security/totp/confirm")["secret"]
    picture = re.search(r'src="data:image/png;base64,([^"]+)"', visit.page)

    visit.send("/security/totp/confirm", code="12 34")

    assert visit.status == 200
    assert visit.says("That code is not right")
    assert visit.hidden("/security/totp/confirm")["secret"] == secret
    assert picture
    assert picture[1] in visit.page
    assert b64decode(picture[1]).startswith(b"\x89PNG")
    assert secret not in visit.open("/security").page


def test_the_app_may_be_on_the_device_that_shows_the_page(visit: Visit) -> None:
    """A phone cannot scan its own screen: there is a link that opens the app with the same key."""
    visit.register("ada").open("/security").send("/security/totp/start")
    link = re.search(r'href="(otpauth://[^"]+)"', visit.page)
    assert link
    totp = pyotp.parse_uri(html.unescape(link[1]))

    assert totp.secret == visit.hidden("/security/totp/confirm")["secret"]
    assert (totp.issuer, totp.name) == ("Pupero", "ada@example.com")


def test_enrolment_may_take_longer_than_a_fresh_sign_in(visit: Visit, make_session_stale: Any) -> None:
    """A typo after five minutes costs the password once more, and no new scan."""
    visit.register("ada").open("/security").send("/security/totp/start")
    secret = visit.hidden("/security/totp/confirm")["secret"]
    make_session_stale()

    visit.send("/security/totp/confirm", code="000000")
    assert visit.status == 200
    assert visit.says("That code is not right")
    assert visit.says("Is it still you?")
    assert secret not in visit.page

    visit.send("/security/totp/start", current_password=PASSWORD)
    assert visit.hidden("/security/totp/confirm")["secret"] == secret
    visit.send("/security/totp/confirm", code=pyotp.TOTP(secret).now())
    assert visit.says("The second factor is on.")


def test_a_button_pressed_twice_hides_no_recovery_codes(visit: Visit) -> None:
    """The browser shows the second answer only, which says what to do about the codes of the first."""
    visit.register("ada").open("/security").send("/security/totp/start")
    form, secret = visit.page, visit.hidden("/security/totp/confirm")["secret"]
    code = pyotp.TOTP(secret).now()
    assert visit.send("/security/totp/confirm", code=code).says("The second factor is on.")

    visit.page = form
    assert visit.send("/security/totp/confirm", code=code).path == "/security"
    assert visit.says("If you have not seen its recovery codes, make new ones below.")
    assert visit.send("/security/totp/recovery-codes").says("Here are your new recovery codes")


def test_a_wrong_recovery_code_is_called_one(visit: Visit) -> None:
    """Nobody without a phone is told to wait for its next code."""
    visit.register("ada").enable_totp()
    visit.send("/logout")
    visit.log_in("ada")
    visit.open("/login/code?with=recovery").send("/login/code", totp="AAAA-AAAA")

    assert visit.says("That recovery code is not right")
    assert not visit.says("Wait for the next one")


@pytest.mark.asvs("2.3.1")
def test_the_first_step_expires_or_is_used_up(visit: Visit) -> None:
    """Without the first step there is no code page; a used one starts over with a sentence."""
    assert visit.open("/login/code").path == "/login"
    visit.register("ada")
    _secret, codes = visit.enable_totp()
    visit.send("/logout")
    visit.log_in("ada", next="/security")
    step = visit.client.get_cookie("login_token", path="/login")
    assert step
    form = visit.page
    assert visit.send("/login/code", totp=codes[0]).path == "/security"
    assert visit.client.get_cookie("login_token", path="/login") is None

    visit.send("/logout").client.set_cookie("login_token", step.value, path="/login")
    visit.page = form
    visit.open("/login/code").send("/login/code", totp=codes[1])
    assert visit.path == "/login"
    assert visit.says("Please sign in again from the start")


def test_asking_again_leads_back(visit: Visit, make_session_stale: Any) -> None:
    """Whoever would rather not type the password goes back to where the button was."""
    visit.register("ada")
    make_session_stale()
    for page, action in (("/security", "/security/totp/start"), ("/profile", "/profile/phrase")):
        visit.open(page).send(action, phrase="Red boots")
        assert f'<a href="{page}">Cancel</a>' in visit.page


def test_nobody_is_told_a_lie_by_a_link(visit: Visit) -> None:
    """Whoever is signed in has an account still."""
    assert visit.open("/account/deleted").says("Your account is deleted")
    assert visit.register("ada").open("/account/deleted").path == "/"


def test_signing_in_again_leaves_no_second_device(visit: Visit) -> None:
    """A login page left open in another tab signs in once more: the browser's former session ends with that."""
    left_open = visit.open("/login").page
    visit.register("ada").page = left_open
    visit.send("/login", username="ada", password=PASSWORD)
    assert visit.says("This page had been open too long")
    assert visit.send("/login", username="ada", password=PASSWORD).path == "/"

    assert visit.open("/security").page.count("<strong><bdi>Firefox on Linux</bdi></strong>") == 1


def test_asking_again_in_place(visit: Visit, second_visit: Visit, make_session_stale: Any) -> None:
    """A stale session is asked for the password, then does what was asked for."""
    visit.register("ada")
    second_visit.log_in("ada")
    make_session_stale()

    visit.open("/security").send("/security/sessions/end-others")
    assert visit.status == 200
    assert visit.says("Is it still you?")
    assert second_visit.open("/profile").says("Your phrase")

    visit.send("/security/sessions/end-others", current_password="wrong")
    assert visit.says("That is not your current password")
    visit.send("/security/sessions/end-others", current_password=PASSWORD)
    assert visit.says("All other devices are signed out.")
    assert second_visit.open("/profile").says("This sign-in has ended")


def test_asking_again_keeps_what_was_typed(visit: Visit, make_session_stale: Any) -> None:
    """The phrase arrives though the password had to come in between; the password never shows."""
    visit.register("ada").enable_totp()
    codes = re.findall(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", visit.page)
    visit.open("/profile")
    make_session_stale()
    visit.send("/profile/phrase", phrase="Red & boots")
    assert visit.says("Is it still you?")
    assert visit.send("/profile/phrase", current_password=PASSWORD).says("This needs a code")
    assert PASSWORD not in visit.page

    visit.send("/profile/phrase", current_password=PASSWORD, totp=codes[0])
    assert visit.path == "/profile"
    assert visit.says("Red & boots")


def test_devices_are_told_apart_and_ended(visit: Visit, second_visit: Visit) -> None:
    """`Firefox on Linux, this device` stays; Chrome on Windows goes, and learns why."""
    visit.register("ada")
    second_visit.log_in("ada", remember_me="true")
    visit.open("/security")
    assert visit.says("Firefox on Linux")
    assert visit.page.count("this device") == 1
    assert visit.says("Chrome on Windows")
    assert visit.says("203.0.113.7")

    (action,) = re.findall(r'action="(/security/sessions/[^"]+/end)"', visit.page)
    assert visit.send(action).says("That device is signed out.")
    assert visit.client.get(action).status_code == 302
    assert second_visit.open("/security").says("This sign-in has ended")
    assert second_visit.says("Create account")
    second_visit.page = second_visit.log_in("ada").page
    assert second_visit.path == "/"


@pytest.mark.asvs("6.2.2")
def test_a_new_password_keeps_this_device_only(visit: Visit, second_visit: Visit) -> None:
    """The old tokens are dead, the new pair is in the cookies, the rules are said beside the field."""
    visit.register("ada")
    second_visit.log_in("ada")
    visit.open("/security").send("/security/password", current_password=PASSWORD, new_password="short")
    assert visit.status == 200
    assert visit.says("This password is too short")
    visit.send("/security/password", current_password="wrong", new_password=NEW_PASSWORD)
    assert visit.says("That is not your current password")

    visit.send("/security/password", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert visit.says("Your password is changed")
    assert visit.open("/profile").path == "/profile"
    assert second_visit.open("/profile").path == "/login"
    assert second_visit.log_in("ada", NEW_PASSWORD).path == "/"


SIGN_UP_MISTAKES = [
    ({"email": "nonsense", "password": PASSWORD}, "not a complete email address"),
    ({"email": "new@example.com", "password": "short"}, "This password is too short"),
    ({"email": "new@example.com", "password": "password1"}, "on lists that attackers try"),
    ({"email": "new@example.com", "password": "new@example.com"}, "too close to your name or address"),
    ({"email": "new@example.com", "username": "ada lovelace", "password": PASSWORD}, "Use 3 to 50 letters"),
    ({"email": "new@example.com", "username": "ADA", "password": PASSWORD}, "Somebody else has this username"),
    ({"email": "ADA@example.com", "password": NEW_PASSWORD}, "There is an account with this address already"),
    ({"email": "", "password": ""}, "Please type your email address"),
]


def test_sign_up_says_what_to_put_right(visit: Visit, second_visit: Visit) -> None:
    """Beside the field and in the summary, with everything typed kept but the password."""
    second_visit.register("ada")
    for typed, sentence in SIGN_UP_MISTAKES:
        visit.open("/register").send("/register", **typed)

        assert visit.status == 200
        assert visit.path == "/register"
        assert html.unescape(visit.page).count(sentence) == 2, sentence
        assert 'aria-invalid="true"' in visit.page
        assert 'role="alert"' in visit.page
        assert f'value="{typed["email"]}"' in visit.page
        assert PASSWORD not in visit.page
        assert NEW_PASSWORD not in visit.page


def test_sign_in_goes_on_to_where_it_was_going(visit: Visit) -> None:
    """And a person who is signed in already is not asked again."""
    visit.register("ada").send("/logout")
    visit.open("/security")
    assert visit.path == "/login"
    assert visit.send("/login", username="ada", password="wrong").says("do not belong together")
    assert visit.send("/login", username="ADA@example.com ", password=PASSWORD).path == "/security"
    assert visit.open("/login?next=/profile").path == "/profile"
    assert visit.open("/register").path == "/"
    assert visit.open("/.well-known/change-password").path == "/security"


def test_forgetting_says_the_same_to_everybody(visit: Visit) -> None:
    """Nobody learns who has an account."""
    visit.register("ada").send("/logout")
    known = visit.open("/password/forgot").send("/password/forgot", email="ada@example.com").page
    unknown = visit.open("/password/forgot").send("/password/forgot", email="eve@example.com").page

    assert known.replace("ada@", "eve@") == unknown
    assert visit.says("If eve@example.com belongs to an account")
    assert visit.open("/password/mailed").says("eve@example.com")


def test_a_showing_password_field_is_asked_for(visit: Visit) -> None:
    """Without script: the form comes back with its values, its password fields readable and empty."""
    visit.open("/register").send("/register", email="ada@example.com", password=PASSWORD, passwords="show")

    assert visit.status == 200
    assert 'value="ada@example.com"' in visit.page
    assert re.search(r'<input id="password" name="password" type="text"', visit.page)
    assert PASSWORD not in visit.page
    assert visit.says("Please type it again: no page sends a password back.")
    assert re.findall(r'<input id="(\w+)"[^>]* autofocus', visit.page) == ["password"]
    visit.send("/register", email="ada@example.com", password="short")
    assert re.search(r'<input id="password" name="password" type="text"', visit.page)
    visit.send("/register", email="ada@example.com", passwords="hide")
    assert re.search(r'<input id="password" name="password" type="password"', visit.page)


@pytest.mark.asvs("3.3.4", "10.1.1", "14.3.3")
def test_no_page_holds_a_token(visit: Visit) -> None:
    """Tokens live in cookies that scripts cannot read, and nowhere else."""
    visit.register("ada")
    cookies = [visit.client.get_cookie(name) for name in ("access_token", "refresh_token")]
    for path in ("/", "/profile", "/security", "/account/delete"):
        page = visit.open(path).page
        assert not any(cookie and cookie.value in page for cookie in cookies)


def test_a_session_outlives_its_access_token(start_api: Any, open_browser: Any) -> None:
    """The lifetime of an access token is nothing a person ever notices."""
    visit = Visit(open_browser(start_api().url)).register("ada")
    first = visit.client.get_cookie("refresh_token")
    visit.client.delete_cookie("access_token")  # as browsers do with one that has ended

    assert visit.open("/profile").path == "/profile"
    second = visit.client.get_cookie("refresh_token")
    assert first
    assert second
    assert second.value != first.value


def test_a_copied_sign_in_ends_for_both_and_the_owner_learns_why(
    start_api: Any, open_browser: Any, settings: Settings, sql: RunSql
) -> None:
    """A thief who replays an old refresh token gets nothing, and gives himself away."""
    server = start_api(JWT_SECRET_KEY=settings.jwt_secret_key.get_secret_value())
    owner = Visit(open_browser(server.url)).register("ada")
    copied = owner.client.get_cookie("refresh_token")
    assert copied
    owner.client.delete_cookie("access_token")  # as browsers do with one that has ended
    owner.open("/profile")
    age(sql, "rotated_at", 11)  # past the ten seconds in which a late tab may still bring the old one
    thief = Visit(open_browser(server.url))
    thief.client.set_cookie("refresh_token", issued_earlier(settings, copied.value, 11))

    assert thief.open("/profile").path == "/login"
    owner.open("/profile")
    assert owner.path == "/login"
    assert owner.says("an old copy of this sign-in was used")
