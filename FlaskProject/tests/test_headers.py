"""What every answer carries, and what strangers learn from it."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

EVERYWHERE = ["/", "/login", "/register", "/password/forgot", "/account/deleted", "/profile", "/nope", "/logout"]
SCRIPTS = {"/login": ["passwords", "passkeys"], "/register": ["passwords"]}
STATIC = ["/static/style.css", "/static/logo.svg", "/static/nope.css"]


@pytest.mark.asvs("3.2.1", "3.4.3", "3.4.4", "3.4.5", "3.4.6", "3.4.8", "3.5.8", "14.2.3", "4.1.1")
@pytest.mark.parametrize("path", EVERYWHERE + STATIC)
def test_the_protective_headers_are_everywhere(browser: FlaskClient, path: str) -> None:
    """Errors, redirects and static files included."""
    with browser.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]

    for rule in (
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
    ):
        assert rule in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] in {f"{kind}; charset=utf-8" for kind in ("text/html", "text/css", "image/svg+xml")}
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("host", ["a..b", ".", "x" * 64 + ".example", "a..b:5000"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", ["/", "/login", "/nope", "/static/style.css"])
def test_a_host_that_is_no_name_is_refused(browser: FlaskClient, host: str, method: str, path: str) -> None:
    """In one sentence, with the protective headers, and without a fault in the log."""
    answer = browser.open(path, method=method, headers={"Host": host})

    assert answer.status_code == 400
    assert answer.mimetype == "text/plain"
    assert answer.text == ("" if method == "HEAD" else "The Host header of this request is no name of a site.")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("14.2.2", "14.3.2")
@pytest.mark.parametrize("path", EVERYWHERE)
def test_no_page_is_stored(browser: FlaskClient, path: str) -> None:
    """The back button after signing out shows nothing."""
    assert browser.get(path).headers["Cache-Control"] == "no-store"


def test_the_stylesheet_may_be_kept(browser: FlaskClient) -> None:
    """Its address changes with its content."""
    address = re.search(r'href="(/static/style\.css\?v=[0-9a-f]+)"', browser.get("/login").text)
    assert address
    with browser.get(address[1]) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000"
        etag = answer.headers["ETag"]
    with browser.get(address[1], headers={"If-None-Match": etag}) as answer:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (304, "public, max-age=31536000")


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab"])
def test_an_address_of_other_content_is_not_kept(browser: FlaskClient, query: str) -> None:
    """During a roll-out a new page may ask an old process: its answer must not stay under the new address."""
    with browser.get(f"/static/style.css{query}") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["ETag"]


@pytest.mark.asvs("3.4.1")
def test_https_is_made_to_last(open_browser: Callable[..., FlaskClient]) -> None:
    """When cookies are Secure, browsers are told to stay with https."""
    assert open_browser(secure_cookies=True).get("/").headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.asvs("3.4.1")
def test_subdomains_are_made_to_last_by_setting(open_browser: Callable[..., FlaskClient]) -> None:
    """Only an operator knows whether all of them speak https."""
    browser = open_browser(secure_cookies=True, hsts_include_subdomains=True)

    assert browser.get("/").headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "Https"])
def test_a_proxy_may_write_https_in_capitals(open_browser: Callable[..., FlaskClient], scheme: str) -> None:
    """Schemes know no case; cookies without Secure on an https site would be the price."""
    answer = open_browser(trusted_proxy_count=1).get("/login", headers={"X-Forwarded-Proto": scheme})

    assert "Strict-Transport-Security" in answer.headers
    assert "__Host-" in answer.headers["Set-Cookie"]


@pytest.mark.asvs("1.2.3", "3.2.2", "3.7.1")
@pytest.mark.parametrize("path", EVERYWHERE)
def test_no_page_has_inline_code_or_style(browser: FlaskClient, path: str) -> None:
    """The policy would block them, so nothing may need them."""
    page = browser.get(path).text

    assert re.findall(r"<script(?! type=\"module\" src=\"[^\"]+\"></script>)|style=| on[a-z]+=", page) == []


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_script_may_run_where_there_is_one(browser: FlaskClient, path: str) -> None:
    """It is a file of our own; the one for passkeys asks these pages, and everywhere else none may run."""
    answer = browser.get(path)
    rules = set(answer.headers["Content-Security-Policy"].split("; "))
    names = re.findall(r'<script type="module" src="/static/(\w+)\.js\?v=[0-9a-f]{12}">', answer.text)

    assert names == SCRIPTS.get(path, [])
    assert answer.text.count("<script") == len(names)
    assert ("script-src 'self'" if names else "script-src 'none'") in rules
    assert ("connect-src 'self'" in rules) == ("passkeys" in names)


def test_a_form_of_twenty_megabytes_is_refused(browser: FlaskClient) -> None:
    """Early, and with a page."""
    answer = browser.post("/login", data={"username": "a" * 20_000_000})

    assert answer.status_code == 413
    assert "That is too much" in answer.text


@pytest.mark.asvs("5.3.2", "13.4.1", "13.4.2", "13.4.3")
@pytest.mark.parametrize("path", ["/.env", "/.git/config", "/static/../app.py", "/static/%2e%2e/app.py", "/console"])
def test_source_and_settings_are_not_served(browser: FlaskClient, path: str) -> None:
    """Nor is there a debugger."""
    assert browser.get(path).status_code == 404


def test_a_weak_key_serves_this_machine_only(open_browser: Callable[..., FlaskClient]) -> None:
    """Strangers, and whoever comes through a proxy, read that it is not for them yet; which setting, the log tells."""
    browser = open_browser(secret_key="please-change-me", secret_key_weakness="looks like a sample")

    assert browser.get("/login").status_code == 200
    for stranger in (
        browser.get("/login", environ_base={"REMOTE_ADDR": "203.0.113.7"}),
        browser.get("/login", headers={"X-Forwarded-For": "127.0.0.1"}),
    ):
        assert stranger.status_code == 403
        assert "not set up for visitors" in stranger.text
        assert "SECRET_KEY" not in stranger.text
        assert "please-change-me" not in stranger.text


@pytest.mark.asvs("13.4.4")
def test_every_page_answers_head_and_names_its_methods(browser: FlaskClient) -> None:
    """As GET without the page, for uptime monitors; a method that a path does not take is told the others."""
    taken: dict[str, set[str]] = {}
    for rule in browser.application.url_map.iter_rules():
        path = rule.rule.replace("<session_id>", "x").replace("<path:filename>", "style.css")
        if "<" not in path:
            taken.setdefault(path, set()).update(rule.methods or ())
    assert {"/", "/login", "/readyz", "/static/style.css"} <= taken.keys()

    for path, methods in taken.items():
        allowed = browser.open(path, method="PATCH").headers["Allow"]
        assert methods <= set(allowed.split(", ")), path
        if "GET" in methods:
            with browser.get(path) as shown, browser.head(path) as head:
                assert (head.status_code, head.data) == (shown.status_code, b""), path
