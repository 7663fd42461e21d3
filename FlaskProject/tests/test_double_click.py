"""A form sent twice: the browser drops the first answer, and the second must not deny what the first has done."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from testing.arrivals import wait_for_link
from testing.visits import PASSWORD, Visit

TAKEN = "There is an account with this address already"
TYPED = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}


def opened_unseen(visit: Visit, second_visit: Visit) -> Visit:
    """Open the account behind the visitor's back, as a first click does whose answer is dropped."""
    second_visit.register("ada")
    return visit.open("/register")


def test_an_account_opened_twice_is_one_to_be_signed_in_to(visit: Visit, second_visit: Visit) -> None:
    """Whoever typed its password is welcome."""
    opened_unseen(visit, second_visit).send("/register", **TYPED)

    assert visit.path == "/"
    assert visit.says("Hello, ada")


@pytest.mark.parametrize("password", ["another blue heron", "short"])
def test_without_its_password_the_address_is_taken(visit: Visit, second_visit: Visit, password: str) -> None:
    """Nobody comes in who could not sign in."""
    opened_unseen(visit, second_visit).send("/register", **TYPED | {"password": password})

    assert visit.path == "/register"
    assert visit.client.get_cookie("access_token") is None
    assert visit.says(TAKEN) == (password != "short")


def test_a_second_factor_is_not_gone_around(visit: Visit, second_visit: Visit) -> None:
    """The password alone still opens nothing."""
    second_visit.register("ada").enable_totp()
    visit.open("/register").send("/register", **TYPED)

    assert visit.path == "/register"
    assert visit.says(TAKEN)
    assert visit.client.get_cookie("access_token") is None
    assert visit.client.get_cookie("login_token", path="/login") is None


def test_a_password_reset_twice_says_what_the_first_did(visit: Visit, tmp_path: Path) -> None:
    """The link is used up, and the password is new."""
    visit.register("ada").send("/logout")
    visit.open("/password/forgot").send("/password/forgot", email="ada@example.com")
    form = visit.open(wait_for_link(tmp_path / "mail", "/password/reset", "ada@example.com")).page
    for _click in range(2):
        visit.page = form
        visit.send("/password/reset", new_password=PASSWORD)

    assert visit.says("If you have just set a new password, sign in with it.")


def test_this_was_not_me_twice_says_what_the_first_did(visit: Visit, api_url: str) -> None:
    """The second press finds its session ended, and its owner knows where to go on."""
    visit.register("ada").open("/profile").send("/profile/phrase", phrase="Another phrase")
    asked = re.search(r'action="(/security/history/[^"]+)"', visit.open("/security/history").page)
    assert asked
    cookie = visit.send(asked[1]).client.get_cookie("access_token")
    assert cookie
    token, event = {"Authorization": f"Bearer {cookie.value}"}, asked[1].split("/")[3]
    assert httpx2.post(f"{api_url}/user/events/{event}/disown", headers=token).status_code == httpx2.codes.OK
    visit.send(f"/security/history/{event}/disown")

    assert visit.path == "/login"
    assert visit.says("the first press did it")


def test_an_account_that_waits_for_its_mail_says_so(small_api: Any, open_browser: Any, submit: Any) -> None:
    """Where addresses must be confirmed first, the password alone lets nobody in yet."""
    small_api.on("POST /register", lambda _asked: (409, {"code": "email_taken", "detail": "no"}))
    small_api.on("POST /login", lambda _asked: (400, {"code": "email_unverified", "detail": "no"}))

    answer = submit(open_browser(small_api.url), "/register", email="ada@example.com", password=PASSWORD)

    assert TAKEN not in answer.text
    assert "Please follow the link in the mail" in answer.text


def test_an_outage_of_the_second_look_keeps_the_refusal(small_api: Any, open_browser: Any, submit: Any) -> None:
    """The address is taken, whatever else cannot be found out."""
    small_api.on("POST /register", lambda _asked: (409, {"code": "email_taken", "detail": "no"}))
    small_api.on("POST /login", lambda _asked: (503, {"code": "busy"}))

    answer = submit(open_browser(small_api.url), "/register", email="ada@example.com", password=PASSWORD)

    assert answer.status_code == 200
    assert TAKEN in answer.text
