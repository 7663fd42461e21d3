"""COOKIE_DOMAIN and RETURN_ORIGINS: what lets one sign-in count on other hosts of a domain."""

from pathlib import Path
from typing import Any

import pytest

from FlaskProject.config import Config, ConfigError, load_config
from FlaskProject.tests.test_session_cookies import cookies_of

STRONG = "Zk3vR8mQpL2xWn7TcY5bHs9DfGj4KaEu"
TOKENS = ("__Secure-access_token", "__Secure-refresh_token")


def load(**process: str) -> Config:
    """Read settings from these variables and no file."""
    return load_config({"SECRET_KEY": STRONG, "SECURE_COOKIES": "true", **process}, Path("does-not-exist"))


def test_both_are_read() -> None:
    """As they are written, blanks around the commas aside."""
    config = load(COOKIE_DOMAIN="example.com", RETURN_ORIGINS="https://example.com, https://a.b.example.com:8443")

    assert (config.cookie_domain, config.return_origins) == (
        "example.com",
        ("https://example.com", "https://a.b.example.com:8443"),
    )


BAD_DOMAINS = ["com", ".example.com", "example.com.", "10.0.0.1", "::1", "Example.com", "a..b", "a_b.com", "a.com:80"]
BAD_ORIGINS = [
    *("*", "https://*.example.com", "http://app.example.com", "app.example.com", "https://app.example.com/"),
    *("https://app.example.com:443", "https://ada@example.com", "https://App.example.com", "null"),
]


@pytest.mark.asvs("3.3.3", "3.7.2")
@pytest.mark.parametrize(
    "wrong",
    [
        *({"COOKIE_DOMAIN": domain} for domain in BAD_DOMAINS),
        *({"RETURN_ORIGINS": origin} for origin in BAD_ORIGINS),
        {"COOKIE_DOMAIN": "example.com", "SECURE_COOKIES": "false"},
        {"COOKIE_DOMAIN": "example.com", "RETURN_ORIGINS": "https://app.example.org"},
        {"COOKIE_DOMAIN": "example.com", "RETURN_ORIGINS": "https://badexample.com"},
    ],
)
def test_what_cannot_work_stops_the_start(wrong: dict[str, str]) -> None:
    """A domain that no browser takes, an origin that none sends, cookies in the clear, hosts that would see none."""
    with pytest.raises(ConfigError, match=r"COOKIE_DOMAIN|RETURN_ORIGINS"):
        load(**wrong)


@pytest.mark.asvs("3.3.1", "3.3.3")
def test_tokens_alone_are_for_the_domain(small_api: Any, open_browser: Any, submit: Any, make_token: Any) -> None:
    """Over https only, out of scripts' reach; forms and the first step of a login stay bound to the pages' host."""
    pair = {"access_token": make_token(), "refresh_token": make_token()}
    small_api.on("POST /login", lambda _asked: (200, pair))
    small_api.on("POST /logout", lambda _asked: (200, {}))
    browser = open_browser(small_api.url, secure_cookies=True, cookie_domain="example.com")
    session = cookies_of(browser.get("/login"))["__Host-pupero_session"]
    given = cookies_of(submit(browser, "/login", username="ada", password="x"))
    for name in TOKENS:
        browser.set_cookie(name, given[name].value)  # as the domain's hosts have it sent
    taken = cookies_of(submit(browser, "/register", "/logout"))

    assert not session["domain"]
    for name in TOKENS:
        flags = given[name]
        assert (flags["domain"], flags["path"], flags["samesite"]) == ("example.com", "/", "Lax")
        assert (bool(flags["secure"]), bool(flags["httponly"])) == (True, True)
        assert (taken[name].value, taken[name]["domain"]) == ("", "example.com")
