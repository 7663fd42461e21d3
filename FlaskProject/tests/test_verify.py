"""What a proxy is told about whoever asks for a page of another application."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

HOST = {"Host": "app.example.com", "X-Forwarded-Host": "app.example.com"}
LOOKING = {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/wiki?a=b&c=d", "Accept": "text/html", **HOST}
SIBLING = LOOKING | {"Host": "auth.example.com"}
ASKING = "/auth/verify?redirect=true"


@pytest.fixture
def signed_in(small_api: Any, open_browser: Any, make_token: Any, account: dict[str, Any]) -> Callable[..., Any]:
    """Give a function that opens a browser with both tokens, whose API knows the account that differs so."""

    def open_it(tokens: tuple[str, ...] = ("access_token", "refresh_token"), **changes: Any) -> FlaskClient:
        told = account | {"amr": ["pwd"], "passkeys": 0} | changes
        small_api.on("GET /user/account", lambda _asked: (200, told))
        browser: FlaskClient = open_browser(small_api.url)
        for name in tokens:
            browser.set_cookie(name, make_token(), domain="app.example.com")
        return browser

    return open_it


def ask(browser: FlaskClient, path: str = ASKING, headers: dict[str, str] = LOOKING, **more: str) -> Any:
    """Ask as a proxy does, with a browser's cookies."""
    changed = headers | {name.replace("_", "-"): value for name, value in more.items()}
    return browser.get(path, headers=changed, base_url="http://app.example.com")


TOLD = [
    ({"email_verified": True}, ("u1", "ada@example.com", "user")),
    ({"email_verified": False}, ("u1", "", "user")),
    ({"email_verified": True, "username": None, "email": "ädä%@exämple.com"}, None),
    ({"role": "a b\r\nSet-Cookie: x=y"}, ("u1", "", "a%20b%0D%0ASet-Cookie:%20x=y")),
]


@pytest.mark.asvs("1.2.1")
@pytest.mark.parametrize(("changes", "told"), TOLD)
def test_who_is_there_stands_in_headers(
    signed_in: Any, small_api: Any, changes: dict[str, Any], told: tuple[str, ...] | None
) -> None:
    """An id that stays, an address that somebody confirmed, the role: visible ASCII each, and one call of the API."""
    answer = ask(signed_in(**changes))

    assert answer.status_code == 200
    expected = told or ("u1", "%C3%A4d%C3%A4%25@ex%C3%A4mple.com", "user")
    assert tuple(answer.headers[f"Remote-{name}"] for name in ("User", "Email", "Role")) == expected
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert [asked["call"] for asked in small_api.asked] == ["GET /user/account"]


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize(
    "query", ["rol=admin", "role=", "role=user&role=user", "factor=totp", "factor", "redirect=false", "next=/x"]
)
def test_a_rule_that_is_mistyped_lets_nobody_in(signed_in: Any, query: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It would else be a rule that asks for nothing; the operator finds it in the log."""
    answer = ask(signed_in(), f"/auth/verify?{query}")

    assert answer.status_code == 400
    assert "Remote-User" not in answer.headers
    assert "the proxy's rule is none that /auth/verify knows" in logged(capsys)


def logged(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what has been logged, once it is written."""
    for handler in logging.getLogger("FlaskProject").handlers:
        handler.flush()
    return capsys.readouterr().out


@pytest.mark.parametrize("query", ["", "?", "?&", "?redirect=true&"])
def test_a_rule_may_be_empty(signed_in: Any, query: str) -> None:
    """Whoever is signed in passes; nginx puts a rule together from parts that may be nothing."""
    assert ask(signed_in(), f"/auth/verify{query}").status_code == 200


def test_a_stranger_is_led_to_the_sign_in_where_the_proxy_hands_it_on(signed_in: Any) -> None:
    """Without `redirect` it is a plain 401, as it is for scripts, sockets and forms: they cannot sign in."""
    stranger = signed_in(tokens=())

    assert ask(stranger).headers["Location"] == "/login?next=/wiki?a%3Db%26c%3Dd"
    plain = [
        ask(stranger, "/auth/verify"),
        ask(stranger, Sec_Fetch_Mode="cors"),
        ask(stranger, Sec_Fetch_Mode="websocket"),
        ask(stranger, Accept="*/*"),
        ask(stranger, X_Forwarded_Method="POST", Sec_Fetch_Mode="navigate"),
    ]
    assert [answer.status_code for answer in plain] == [401] * 5
    assert not any("Location" in answer.headers for answer in plain)


@pytest.mark.asvs("8.2.1", "8.3.1")
def test_a_role_is_that_very_word(signed_in: Any) -> None:
    """Somebody without it is told so on a page of ours, or by 403."""
    admin, other = signed_in(role="admin"), signed_in(role="administrator")

    assert ask(other, f"{ASKING}&role=admin").headers["Location"].startswith("/auth/denied")
    assert ask(other, "/auth/verify?role=admin").status_code == 403
    assert ask(other, f"{ASKING}&role=administrator").status_code == 200
    assert ask(admin, "/auth/verify?role=admin").status_code == 403  # the API has the last word


AMR = [(["pwd"], False), ([], False), (None, False), (["pwd", "otp"], True), (["pwd", "rc"], True), (["hwk"], True)]


@pytest.mark.asvs("8.2.1", "6.3.3")
@pytest.mark.parametrize(("amr", "passes"), AMR)
def test_a_second_factor_is_one_that_this_sign_in_has_shown(signed_in: Any, amr: Any, *, passes: bool) -> None:
    """That the account has one is not enough; an API that says nothing of it lets nobody in."""
    browser = signed_in(amr=amr, totp_enabled=True)
    led, plain = ask(browser, f"{ASKING}&factor=second"), ask(browser, "/auth/verify?factor=second")

    assert (led.status_code, plain.status_code) == ((200, 200) if passes else (302, 401))
    assert passes or led.headers["Location"] == "/auth/step-up?next=/wiki?a%3Db%26c%3Dd"


def test_only_an_answer_that_arrives_refreshes(signed_in: Any, small_api: Any, make_token: Any) -> None:
    """Where the proxy drops our answer a new pair would be lost, and the next refresh be taken for a thief's."""
    pair = {"access_token": make_token(), "refresh_token": make_token(86_400)}
    small_api.on("POST /refresh", lambda _asked: (200, pair))
    browser = signed_in(tokens=("refresh_token",))
    assert ask(browser, "/auth/verify").status_code == 401
    assert small_api.asked == []

    sent = ask(browser, X_Forwarded_Method="POST", Accept="*/*")
    assert (sent.status_code, sent.headers["Location"]) == (307, "/wiki?a=b&c=d")
    assert len(sent.headers.getlist("Set-Cookie")) == 2
    assert ask(browser).status_code == 200
    assert [asked["call"] for asked in small_api.asked] == ["POST /refresh", "GET /user/account"]


def test_a_token_that_ended_is_found_out_by_the_api(signed_in: Any, small_api: Any, make_token: Any) -> None:
    """Its clock decides, so that pages with a wrong one do not refresh at every picture."""
    pair = {"access_token": make_token(), "refresh_token": make_token(86_400)}
    small_api.on("POST /refresh", lambda _asked: (200, pair))
    browser = signed_in()
    small_api.on("GET /user/account", lambda _asked: (401, {"code": "token_expired", "detail": "no"}))

    assert ask(browser, "/auth/verify").status_code == 401
    assert ask(browser).status_code == 307


@pytest.mark.asvs("7.4.1", "7.4.2")
@pytest.mark.parametrize("code", ["session_ended", "token_invalid"])
def test_an_ended_session_opens_nothing(signed_in: Any, small_api: Any, code: str) -> None:
    """After signing out anywhere, or once an operator shut the account; why stands on the sign-in page."""
    browser = signed_in()
    small_api.on("GET /user/account", lambda _asked: (401, {"code": code, "detail": "no"}))
    answer = ask(browser)

    assert answer.headers["Location"].startswith("/login?next=")
    assert "Set-Cookie" not in answer.headers
    assert ask(browser, "/auth/verify").status_code == 401


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize("reply", [(503, {"code": "busy"}), (429, {"code": "too_many_requests"}), (500, b"nonsense")])
def test_what_the_api_cannot_say_is_no_yes(signed_in: Any, small_api: Any, reply: tuple[int, Any]) -> None:
    """503 in a line of text and when to come back: nobody passes, and nobody is signed out."""
    browser = signed_in()
    small_api.on("GET /user/account", lambda _asked: (*reply, {"Retry-After": "7"}))
    answer = ask(browser)

    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert "Set-Cookie" not in answer.headers
    assert reply[0] == 500 or answer.headers["Retry-After"] == "7"


ODD = ["//evil.example/", "/\\evil.example", "https://evil.example/", "", "/%2f/evil.example", "/../x", "/ü"]


@pytest.mark.asvs("1.2.2", "3.7.2")
@pytest.mark.parametrize("uri", ODD)
def test_an_odd_address_leads_to_the_sign_in_and_nowhere_else(signed_in: Any, uri: str) -> None:
    """Neither there nor by a refresh does anybody come to another site."""
    browser = signed_in(tokens=("refresh_token",))
    answer = ask(browser, X_Forwarded_Uri=uri.encode().decode("latin-1"))

    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_a_host_beside_must_be_named(open_browser: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """RETURN_ORIGINS says from which hosts a sign-in is asked for; from others it is a 401 that the log explains."""
    stranger = open_browser()
    assert ask(stranger, headers=SIBLING).status_code == 401
    assert "not in RETURN_ORIGINS" in logged(capsys)

    known = open_browser(return_origins=("https://app.example.com",))
    assert ask(known, headers=SIBLING).headers["Location"] == (
        "https://auth.example.com/login?next=https://app.example.com/wiki?a%3Db%26c%3Dd"
    )
    other = SIBLING | {"X-Forwarded-Host": "app.example.com.evil.example"}
    assert ask(known, headers=other).status_code == 401


def test_the_denied_page_needs_nobody(browser: FlaskClient) -> None:
    """It is 403, and a stranger may look at it."""
    answer = browser.get("/auth/denied?next=https://evil.example/")

    assert answer.status_code == 403
    assert "evil.example" not in answer.text
