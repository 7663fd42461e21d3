"""The pages behind a proxy that speaks https: what the browser keeps, and that everything still works."""

import pytest
from playwright.sync_api import expect

from testing.browser import OpenPage, StartPages
from testing.suite import Suite
from testing.tls import StartProxy

PASSWORD = "blue herons at dawn"

pytestmark = pytest.mark.browser


@pytest.mark.asvs("3.3.1", "3.4.1", "3.3.3")
def test_cookies_are_bound_to_the_https_host(
    suite: Suite, start_pages: StartPages, start_proxy: StartProxy, open_page: OpenPage
) -> None:
    """Told by X-Forwarded-Proto alone: `__Host-` names, Secure, HttpOnly, HSTS; sign up, sign out and in."""
    url = start_proxy(start_pages(suite.api_url, TRUSTED_PROXY_COUNT="1").url)
    page = open_page(ignore_https_errors=True)
    answer = page.goto(f"{url}/register")
    assert answer
    assert answer.headers["strict-transport-security"] == "max-age=31536000"

    for name, value in {"email": "wim@example.com", "username": "wim", "password": PASSWORD}.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(f"{url}/")

    cookies = page.context.cookies()
    names = {cookie["name"] for cookie in cookies}
    assert names >= {"__Host-access_token", "__Host-refresh_token", "__Host-pupero_session"}
    assert all(cookie["name"].startswith("__Host-") and cookie["secure"] and cookie["httpOnly"] for cookie in cookies)

    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("body")).to_contain_text("You are signed out.")
    assert not {cookie["name"] for cookie in page.context.cookies()} & {"__Host-access_token", "__Host-refresh_token"}


@pytest.mark.asvs("3.5.3")
def test_a_proxy_with_a_mind_of_its_own(
    suite: Suite, start_pages: StartPages, start_proxy: StartProxy, open_page: OpenPage
) -> None:
    """Under a path, with Host rewritten and `Referrer-Policy: no-referrer` added: sign up, out, and back in."""
    pages = start_pages(suite.api_url, TRUSTED_PROXY_COUNT="1")
    url = start_proxy(pages.url, "/auth", spoils=True)
    page = open_page(ignore_https_errors=True)
    origins = []
    page.on("request", lambda sent: origins.append(sent.all_headers().get("origin")) if sent.method == "POST" else None)
    page.goto(f"{url}/register")
    for name, value in {"email": "ute@example.com", "username": "ute", "password": PASSWORD}.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(f"{url}/")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{url}/login")

    page.goto(f"{url}/security")
    expect(page).to_have_url(f"{url}/login?next=/auth/security")
    page.fill("[name=username]", "ute")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(f"{url}/security")
    assert set(origins) == {"null"}
