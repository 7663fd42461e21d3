"""An application behind the examples' nginx, in a real browser: asked to sign in, back at the very page, and out."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pyotp
import pytest
from playwright.sync_api import Page, expect

from testing.browser import OpenPage, Picture, StartPages, submit
from testing.processes import free_port
from testing.proxies import Application, running_nginx
from testing.suite import Suite

PASSWORD = "blue herons at dawn"
SOME_PAGE = "/wiki/%C3%9Cber?q=a%20b&x=1&next=//evil.example"
pytestmark = pytest.mark.browser


@pytest.fixture(params=["same-host.conf", "sibling-hosts.conf"])
def site(
    request: pytest.FixtureRequest, suite: Suite, start_pages: StartPages, application: Application, tmp_path: Path
) -> Iterator[list[str]]:
    """Give the addresses of the application and of the pages, behind one of the examples."""
    port, apart = free_port(), request.param == "sibling-hosts.conf"
    app, auth = (f"https://{name}.pupero.localhost:{port}" for name in ("app", "auth"))
    settings = {"COOKIE_DOMAIN": "pupero.localhost", "RETURN_ORIGINS": app} if apart else {}
    settings |= {"TRUSTED_PROXY_COUNT": "1", "SECURE_COOKIES": "true"}
    pages = start_pages(suite.api_url, **settings)
    with running_nginx(tmp_path, request.param, pages.url, application.address, port, domain="pupero.localhost"):
        yield [app, auth if apart else f"{app}/account"]


def sign_in(page: Page, name: str) -> None:
    """Fill in the form that stands there."""
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def open_account(suite: Suite, name: str) -> None:
    """Open an account with the API."""
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    httpx2.post(f"{suite.api_url}/register", json=body).raise_for_status()


def set_up_totp(page: Page) -> str:
    """Go through the set-up on the security page; returns the secret."""
    submit(page, "Switch on")
    secret = (page.text_content(".key") or "").replace(" ", "").strip()
    submit(page, "Switch on", code=pyotp.TOTP(secret).now())
    page.check("[name=saved]")
    page.get_by_role("button", name="Go on", exact=True).click()
    return secret


def test_one_sign_in_opens_and_shuts_the_application(
    site: list[str], suite: Suite, open_page: OpenPage, picture: Picture
) -> None:
    """From the very page, query included, to the sign-in and back; after signing out the page is shut at once."""
    name = f"ada{time.time_ns()}"
    open_account(suite, name)
    (app, pages), page = site, open_page(ignore_https_errors=True)
    page.goto(app + SOME_PAGE)
    picture(page, "asked")
    expect(page).to_have_url(re.compile(re.escape(f"{pages}/login?next=")))
    sign_in(page, name)
    expect(page).to_have_url(app + SOME_PAGE)
    picture(page, "inside")
    expect(page.locator("p")).to_have_text(f"GET {SOME_PAGE}")

    page.context.clear_cookies(name=re.compile("access_token"))
    page.goto(f"{app}/next")
    expect(page.locator("p")).to_have_text("GET /next")

    page.goto(f"{app}/admin/")
    expect(page).to_have_url(re.compile(re.escape(f"{pages}/auth/denied")))
    picture(page, "denied")
    submit(page, "Sign out")
    page.goto(app + SOME_PAGE)
    expect(page).to_have_url(re.compile(re.escape(f"{pages}/login?next=")))


@pytest.mark.parametrize("site", ["same-host.conf"], indirect=True)
def test_a_second_factor_is_set_up_and_shown_on_the_way(
    site: list[str], suite: Suite, open_page: OpenPage, picture: Picture
) -> None:
    """Whoever has none is led to where it is set up, from there back, and shows it for the page that wants one."""
    name = f"eve{time.time_ns()}"
    open_account(suite, name)
    suite.give_role(name, "admin")
    (app, _pages), page = site, open_page(ignore_https_errors=True)
    page.goto(f"{app}/admin/users?of=2")
    sign_in(page, name)
    picture(page, "none")
    page.get_by_role("link", name="Set up a second factor").click()
    secret = set_up_totp(page)
    picture(page, "set-up")
    suite.let_codes_pass(name)
    page.get_by_role("link", name="Go back to the page you came for").click()
    picture(page, "asked")
    page.fill("[name=current_password]", PASSWORD)
    page.fill("[name=totp]", pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Confirm and go on").click()
    expect(page).to_have_url(f"{app}/admin/users?of=2")
    expect(page.locator("p")).to_have_text("GET /admin/users?of=2")
