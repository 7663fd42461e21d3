"""Where `next` may lead."""

import pytest
from flask.testing import FlaskClient

from FlaskProject.rendering.own_paths import own_path

OURS = ["/", "/profile", "/security#totp", "/account/delete", "/security?from=home", "/password/forgot"]
FOREIGN = [
    "",
    "profile",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\n//evil.example",
    " //evil.example",
    "/profile\r\nSet-Cookie: a=b",
    "/.evil.example",
    "/..//evil.example",
    "/@evil.example",
    "/profile/../../x",
    "/ünicode",
    "/\u2028/evil",
    "/" + "a" * 3000,
    "/login",
    "/login?next=/login",
    "/logout",
]


@pytest.mark.parametrize("target", OURS)
def test_our_own_pages_are_reached(target: str) -> None:
    """A person comes back to where they were going."""
    assert own_path(target) == target


@pytest.mark.asvs("1.2.2", "3.7.2")
@pytest.mark.parametrize("target", [None, *FOREIGN])
def test_everything_else_leads_home(target: str | None) -> None:
    """No spelling of another site gets through."""
    assert own_path(target) == "/"


@pytest.mark.parametrize("target", FOREIGN)
def test_the_login_page_never_carries_a_foreign_next(browser: FlaskClient, target: str) -> None:
    """What the form would send on is already clean."""
    page = browser.get("/login", query_string={"next": target})

    assert 'name="next" value="/"' in page.text


SLASHES = [
    "//evil.example",
    "//evil.example/..",
    "/%2fevil.example/",
    "/security//evil.example",
    "/profile//",
    "//login",
]


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize("path", SLASHES)
def test_no_address_of_ours_redirects_off_site(browser: FlaskClient, path: str) -> None:
    """Routers that tidy up slashes have been open redirects, and take the Host header at its word."""
    seen = {"PATH_INFO": path, "REQUEST_URI": path, "HTTP_HOST": "evil.example"}
    target = browser.get("/", environ_overrides=seen).headers.get("Location", "/")

    assert target.startswith("/")
    assert not target.startswith("//")
