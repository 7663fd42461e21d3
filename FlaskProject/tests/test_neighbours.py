"""Cookies of our names that are not ours: on http another port, and any host of the domain, may set them."""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask.testing import FlaskClient

NAMES = ("access_token", "refresh_token", "login_token", "pupero_session")
OPAQUE = ("x", "s%3A4Tq.signed", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2ln")
ISSUERS = ("https://login.example.com", "", None)

Beside = Callable[..., FlaskClient]


@pytest.fixture(params=[*OPAQUE, *ISSUERS])
def foreign(request: pytest.FixtureRequest, make_token: Any) -> str:
    """Give what a neighbour keeps under our names."""
    return str(request.param) if request.param in OPAQUE else make_token(iss=request.param, age=-60)


@pytest.fixture(params=["first", "last"])
def beside(request: pytest.FixtureRequest, open_browser: Any, small_api: Any, foreign: str) -> FlaskClient:
    """Give a browser that sends a neighbour's cookies with every request, before or behind ours."""
    browser: FlaskClient = open_browser(small_api.url)
    app, theirs = browser.application, "; ".join(f"{name}={foreign}" for name in NAMES)
    inner = app.wsgi_app

    def with_neighbour(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ours = environ.get("HTTP_COOKIE")
        jars = (theirs, ours) if request.param == "first" else (ours, theirs)
        return inner(environ | {"HTTP_COOKIE": "; ".join(filter(None, jars))}, start_response)

    app.wsgi_app = with_neighbour  # type: ignore[method-assign]  # the documented way
    return browser


def test_a_neighbours_cookies_are_left_alone(beside: FlaskClient, small_api: Any) -> None:
    """They are nobody's sign-in: the visitor is a stranger, and none of them is taken away."""
    answers = [beside.get(path) for path in ("/", "/login", "/profile", "/login/code")]

    assert [answer.status_code for answer in answers] == [200, 200, 302, 302]
    assert "You are signed out" not in answers[1].text
    assert small_api.asked == []
    taken = " ".join(line for answer in answers for line in answer.headers.getlist("Set-Cookie"))
    assert "_token=" not in taken


def test_signing_in_beside_them(
    beside: FlaskClient, small_api: Any, submit: Any, make_token: Any, account: dict[str, Any]
) -> None:
    """In two steps, to a page that knows who it is, and out again: every answer of ours is found among theirs."""
    pair = {"access_token": make_token(), "refresh_token": make_token(86_400)}
    ours, step = f"Bearer {pair['access_token']}", make_token(300)
    asked = {"code": "totp_required", "detail": "no", "login_token": step}
    small_api.on("POST /login", lambda sent: (200, pair) if sent["body"].get("login_token") == step else (400, asked))
    small_api.on("GET /user/account", lambda sent: (200 if sent["headers"]["Authorization"] == ours else 401, account))
    small_api.on("POST /logout", lambda _sent: (200, {}))

    submit(beside, "/login", username="ada", password="secret-of-ada")
    assert submit(beside, "/login/code", totp="123456").headers["Location"] == "/"
    assert "Hello, <bdi>ada</bdi>" in beside.get("/").text

    left = submit(beside, "/", "/logout").headers.getlist("Set-Cookie")
    assert sum("_token=;" in line for line in left) == 2
    assert small_api.calls("POST /logout")[0]["headers"]["Authorization"] == ours


def test_the_latest_of_ours_counts(open_browser: Any, small_api: Any, make_token: Any, account: dict[str, Any]) -> None:
    """A leftover of an earlier path or name of this site keeps nobody out either."""
    old, new = make_token(age=600), make_token()
    small_api.on("GET /user/account", lambda _asked: (200, account))
    browser = open_browser(small_api.url).application.test_client(use_cookies=False)
    for jar in (f"access_token={old}; access_token={new}", f"access_token={new}; access_token={old}"):
        browser.get("/profile", headers={"Cookie": jar})

    assert {asked["headers"]["Authorization"] for asked in small_api.asked} == {f"Bearer {new}"}
