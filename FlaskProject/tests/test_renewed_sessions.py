"""A password given again begins a new session: the browser goes on in it, whatever its other tabs are doing."""

from typing import Any, cast

import pyotp
import pytest
from flask import Flask
from werkzeug.test import Client

from testing.api import MakeStale
from testing.visits import PASSWORD, Visit

NAMES = ("access_token", "refresh_token")


def cookies_of(client: Client) -> dict[str, str]:
    """Return the tokens that a browser holds."""
    return {name: cookie.value for name in NAMES if (cookie := client.get_cookie(name))}


def copy_of(client: Client, cookies: dict[str, str]) -> Client:
    """Give a browser that holds a copy of some tokens, as another tab's request under way does."""
    copy = cast("Flask", client.application).test_client()
    for name, value in cookies.items():
        copy.set_cookie(name, value)
    return copy


@pytest.mark.asvs("7.2.4")
@pytest.mark.parametrize("action", ["/profile/phrase", "/security/totp/start", "/security/sessions/end-others"])
def test_a_browser_goes_on_in_the_new_session(
    visit: Visit, second_visit: Visit, make_session_stale: MakeStale, action: str
) -> None:
    """Wherever the password is asked for in between, the answer brings the new pair; a copy of the old one is dead."""
    visit.register("ada")
    second_visit.log_in("ada")
    make_session_stale()
    before = cookies_of(visit.client)
    visit.open("/profile" if "profile" in action else "/security")
    typed = {"phrase": "Green boots"} if "phrase" in action else {}
    assert visit.send(action, **typed).says("Is it still you?")

    visit.send(action, current_password=PASSWORD)

    after = cookies_of(visit.client)
    assert [name for name in NAMES if before[name] == after[name]] == []
    assert visit.open("/profile").path == "/profile"
    assert copy_of(visit.client, before).get("/profile").headers["Location"] == "/login?next=/profile"


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_slow_tab_takes_no_new_tokens_away(visit: Visit, make_session_stale: MakeStale) -> None:
    """Its request carried the old ones; no answer to it deletes cookies, for that could arrive last."""
    visit.register("ada")
    make_session_stale()
    slow = copy_of(visit.client, cookies_of(visit.client))
    visit.open("/profile").send("/profile/phrase", phrase="Red boots")
    visit.send("/profile/phrase", current_password=PASSWORD)

    answers = [slow.get(path, follow_redirects=True) for path in ("/profile", "/", "/login", "/register", "/nope")]

    set_on_the_way = [line for answer in answers for step in (*answer.history, answer) for line in cookie_lines(step)]
    assert [line for line in set_on_the_way if line.startswith(NAMES)] == []


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_new_password_takes_no_tab_along(visit: Visit) -> None:
    """It replaces the session likewise."""
    visit.register("ada").open("/security")
    slow = copy_of(visit.client, cookies_of(visit.client))
    visit.send("/security/password", current_password=PASSWORD, new_password="green herons at dusk")

    answer = slow.get("/security", follow_redirects=True)

    assert "This sign-in has ended" in answer.text
    assert [line for step in (*answer.history, answer) for line in cookie_lines(step) if line.startswith(NAMES)] == []
    assert visit.open("/profile").path == "/profile"


def cookie_lines(answer: Any) -> list[str]:
    """Return what an answer sets."""
    return list(answer.headers.getlist("Set-Cookie"))


@pytest.mark.asvs("7.5.1")
@pytest.mark.parametrize(
    ("page", "action", "change"),
    [
        ("/security", "/security/password", {"new_password": "green herons at dusk"}),
        ("/profile", "/profile/email", {"new_email": "ada@example.org"}),
    ],
)
def test_a_stale_session_is_asked_for_the_code(  # noqa: PLR0913, PLR0917 fixtures
    visit: Visit,
    make_session_stale: MakeStale,
    let_codes_pass: Any,
    page: str,
    action: str,
    change: dict[str, str],
) -> None:
    """With a factor on, a new password or address takes its code, and the form says beside the field what is wrong."""
    visit.register("ada")
    secret, recovery_codes = visit.enable_totp()
    make_session_stale()
    typed = {**change, "current_password": PASSWORD}
    assert visit.open(page).says("Code from your app, or a recovery code")

    assert visit.send(action, **typed, code="").status == 200
    assert 'id="code-error">This needs a code' in visit.page
    assert visit.send(action, **typed, code="000000").status == 200
    assert 'id="code-error">That code is not right' in visit.page
    let_codes_pass()
    code = recovery_codes[0] if page == "/profile" else pyotp.TOTP(secret).now()
    assert visit.send(action, **typed, code=code).says("is changed")


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_no_code_is_asked_for_without_need(visit: Visit, make_session_stale: MakeStale) -> None:
    """Not without a factor, nor in a session that a code has just made fresh; a form that grew stale asks for it."""
    visit.register("ada")
    make_session_stale()
    assert 'name="code"' not in visit.open("/security").page + visit.open("/profile").page

    visit.send("/profile/phrase", phrase="Red boots")
    visit.send("/profile/phrase", current_password=PASSWORD)
    visit.enable_totp()
    assert 'name="code"' not in visit.open("/profile").page + visit.open("/security").page
    make_session_stale()
    fields = {"current_password": PASSWORD, "new_password": "green herons at dusk"}
    assert visit.send("/security/password", **fields).status == 200
    assert 'id="code-error">This needs a code' in visit.page
