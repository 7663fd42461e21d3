"""The pages of passkeys before an API that refuses, is away or says odd things, and forms that nobody's script made."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

SOON = "2099-01-01T00:00:00Z"
CEREMONY = {"ceremony": "abc", "options": {"challenge": "x", "timeout": 300000}}
ALONE = "POST /login/passkey"
ADD = {"name": "Blue phone", "ceremony": "abc", "credential": "{}"}


@pytest.fixture
def browser(small_api: Any, open_browser: Any, make_token: Any, account: Any) -> FlaskClient:
    """Give a signed-in browser of somebody without a second factor."""
    account["fresh_until"] = SOON
    small_api.on("GET /user/account", lambda _asked: (200, account))
    small_api.on("GET /user/sessions", lambda _asked: (200, [account["session"]]))
    client: FlaskClient = open_browser(small_api.url)
    client.set_cookie("access_token", make_token())
    return client


@pytest.mark.parametrize(
    "credential",
    [
        "[]",
        "null",
        "{",
        '"text"',
        "NaN",
        '{"a": NaN}',
        '{"a": Infinity}',
        "[" * 20_000,
        '{"a":' * 900 + "1" + "}" * 900,
        "\0",
        "9" * 5000,
    ],
)
def test_a_credential_that_is_none_is_the_api_s_to_refuse(
    small_api: Any, open_browser: Any, submit: Any, credential: str
) -> None:
    """Whatever stands in the hidden field, the API hears of an empty answer and the page says what it says."""
    small_api.on(ALONE, lambda _asked: (400, {"code": "passkey_unknown"}))
    answer = submit(open_browser(small_api.url), "/login", "/login/passkey", ceremony="abc", credential=credential)

    assert answer.status_code == 200
    assert "We do not know this passkey" in answer.text
    assert "data-passkey-unknown" not in answer.text
    [asked] = small_api.calls(ALONE)
    assert asked["body"] == {"ceremony": "abc", "credential": {}, "remember_me": False}


@pytest.mark.parametrize("name", [1, None, ["a"], {"id": "a"}, ""])
def test_an_unknown_passkey_without_a_name_is_told_to_nobody(
    small_api: Any, open_browser: Any, submit: Any, name: object
) -> None:
    """The browser could make nothing of it."""
    small_api.on(ALONE, lambda _asked: (400, {"code": "passkey_unknown"}))
    said = f'{{"id": {"null" if name is None else repr(name).replace(chr(39), chr(34))}}}'
    answer = submit(open_browser(small_api.url), "/login", "/login/passkey", ceremony="abc", credential=said)

    assert (answer.status_code, "data-passkey-unknown" in answer.text) == (200, False)


@pytest.mark.parametrize("path", ["/login/passkey", "/login/code/passkey", "/security/passkeys/add"])
def test_a_form_without_an_answer_comes_back(browser: FlaskClient, submit: Any, path: str, make_token: Any) -> None:
    """As when it was sent again from the page of an outage, which keeps no answers."""
    browser.set_cookie("login_token", make_token(), path="/login")
    page = "/security/passkeys/add" if "security" in path else "/password/forgot"
    answer = submit(browser, page, path, name="Blue phone")

    assert answer.status_code == 200
    assert "Your browser sent no passkey." in answer.text


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ((400, {"code": "ceremony_invalid"}), "That took too long or was used already."),
        ((400, {"code": "passkey_invalid"}), "That passkey did not work here."),
        ((409, {"code": "passkey_limit"}), "You have 20 passkeys."),
        ((409, {"code": "passkey_already_registered"}), "This passkey is on your list already."),
        ((422, {"code": "validation_error", "detail": [{"loc": ["body", "name"]}]}), "Use 1 to 64 ordinary characters"),
        ((422, {"code": "validation_error", "detail": [{"loc": ["body", "ceremony"]}]}), "cannot be used as it is"),
        ((429, {"code": "too_many_requests"}, {"Retry-After": "60"}), "Please try again in 1 minute."),
        ((503, {"code": "busy"}, {"Retry-After": "5"}), "Please try again in 5 seconds."),
    ],
)
def test_a_refused_passkey_keeps_the_name(
    small_api: Any, browser: FlaskClient, submit: Any, refused: tuple[int, Any], words: str
) -> None:
    """And nothing of what the key said."""
    small_api.on("POST /passkeys", lambda _asked: refused)
    answer = submit(browser, "/security/passkeys/add", **ADD)

    assert answer.status_code == (503 if refused[0] == 503 else 200)
    assert words in answer.text
    assert 'value="Blue phone"' in answer.text
    assert not re.search(r'name="(ceremony|credential)" value', answer.text)
    assert "#ceremony" not in answer.text


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ((403, {"code": "reauthentication_required"}), "Is it still you?"),
        (
            (403, {"code": "email_confirmation_required"}),
            "Before you can add one, confirm that <bdi>ada@example.com</bdi> is yours",
        ),
        ((409, {"code": "passkey_limit"}), "You have 20 passkeys."),
        ((429, {"code": "too_many_requests"}, {"Retry-After": "60"}), "Please try again in 1 minute."),
    ],
)
def test_what_would_be_refused_is_said_before_anybody_touches_a_key(
    small_api: Any, browser: FlaskClient, submit: Any, refused: tuple[int, Any], words: str
) -> None:
    """By the button on Security, and by the script, which comes this way when it can have no question."""
    small_api.on("POST /passkeys/registration", lambda _asked: refused)
    asked = submit(browser, "/security", "/security/passkeys/options")
    answer = submit(browser, "/security", "/security/passkeys/start", name="Blue phone")

    assert (asked.status_code, answer.status_code) == (refused[0], 200)
    assert asked.json["sentence"]
    assert words in answer.text
    offers = re.findall(r'action="(/email/verification|/security/totp/start)"', answer.text)
    if refused[1]["code"] == "email_confirmation_required":
        assert offers == ["/email/verification", "/security/totp/start"]


def test_the_name_is_kept_while_the_password_is_asked_for(
    small_api: Any, browser: FlaskClient, submit: Any, make_token: Any
) -> None:
    """Whoever thinks of a name for longer than a sign-in stays fresh types it once."""
    replies = iter([(403, {"code": "reauthentication_required"}), (200, CEREMONY)])
    small_api.on("POST /passkeys/registration", lambda _asked: next(replies))
    small_api.on(
        "POST /reauthenticate", lambda _asked: (200, {"access_token": make_token(), "refresh_token": make_token()})
    )
    asked = submit(browser, "/security", "/security/passkeys/start", name="Blue phone")
    assert 'name="name" value="Blue phone"' in asked.text
    answer = submit(browser, "/security", "/security/passkeys/start", name="Blue phone", current_password="x")

    assert answer.status_code == 200
    assert 'action="/security/passkeys/add"' in answer.text
    assert 'value="Blue phone"' in answer.text


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/login/passkey/options", "POST /login/passkey/start"),
        ("/login/code/passkey/options", "POST /login/passkey/start"),
        ("/security/passkeys/options", "POST /passkeys/registration"),
        ("/reauthenticate/passkey/options", "POST /reauthenticate/passkey/start"),
    ],
)
def test_the_script_gets_a_question_or_a_sentence(
    small_api: Any, browser: FlaskClient, submit: Any, path: str, call: str
) -> None:
    """Also when the API is busy, away, or answers nonsense."""
    for reply, words in (
        ((429, {"code": "too_many_requests"}, {"Retry-After": "60"}), "in 1 minute"),
        ((401, {"code": "session_ended"}), "This sign-in has ended"),
        ((503, {"code": "database_unavailable"}), "cannot reach its data"),
        ((200, {"ceremony": "abc"}), "does not answer right now"),
        ((200, {"ceremony": "abc", "options": []}), "does not answer right now"),
    ):
        small_api.on(call, lambda _asked, reply=reply: reply)
        answer = submit(browser, "/password/forgot", path)
        assert answer.status_code == (503 if reply[0] == 200 else reply[0])
        assert words in answer.json["sentence"]
    small_api.on(call, lambda _asked: (200, CEREMONY))
    assert submit(browser, "/password/forgot", path).json == CEREMONY


@pytest.mark.parametrize("factors", [None, 7, "passkey", {"passkey": 1}, [[]], [{}, 1], [], ["of_tomorrow"]])
def test_an_api_that_names_no_second_step_asks_for_a_code(
    small_api: Any, open_browser: Any, submit: Any, make_token: Any, factors: object
) -> None:
    """Whatever stands where its names should."""
    refusal = {"code": "totp_required", "login_token": make_token(), "factors": factors}
    small_api.on("POST /login", lambda _asked: (400, refusal))
    browser = open_browser(small_api.url)
    assert submit(browser, "/login", username="ada", password="x").status_code == 302
    page = browser.get("/login/code").text

    assert "Enter your code" in page
    assert "<script" not in page


def test_password_managers_find_where_passkeys_are_made(open_browser: Any) -> None:
    """Without asking the API, and also under a path."""
    browser = open_browser(trusted_proxy_count=1)
    answer = browser.get("/.well-known/passkey-endpoints", headers={"X-Forwarded-Prefix": "/accounts"})

    assert answer.mimetype == "application/json"
    assert answer.json == {
        "enroll": "http://localhost/accounts/security/passkeys/add",
        "manage": "http://localhost/accounts/security#passkeys",
    }


def test_the_advice_goes_for_good(browser: FlaskClient, submit: Any, account: Any) -> None:
    """For as long as browsers keep a cookie; whoever has a passkey is given none."""
    advice = "Next time, sign in without typing"
    assert advice in browser.get("/").text
    assert submit(browser, "/", "/no-passkey").headers["Location"] == "/"
    cookie = browser.get_cookie("no_passkey")
    assert cookie
    assert (cookie.max_age, cookie.http_only, cookie.same_site) == (400 * 24 * 3600, True, "Lax")
    page = browser.get("/").text
    assert advice not in page
    assert "passkeys.js" not in page
    browser.delete_cookie("no_passkey")
    account["passkeys"] = 1
    assert advice not in browser.get("/").text
