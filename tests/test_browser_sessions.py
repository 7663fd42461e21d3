"""Sessions in a real browser: short access tokens that nobody notices, and a stolen cookie that everybody notices."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from app.config import Settings
from testing.ageing import age, issued_earlier
from testing.api import RunSql, StartApi
from testing.browser import OpenPage, Picture, StartPages

PASSWORD = "blue herons at dawn"
THREE_SECONDS = "0.05"  # minutes

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)]


def register(page: Page, url: str) -> None:
    """Make an account by the form, and be signed in."""
    page.goto(f"{url}/register")
    for name, value in {"email": "ada@example.com", "username": "ada", "password": PASSWORD}.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(f"{url}/")


@pytest.mark.slow
@pytest.mark.parametrize("servers", [1, 2])
def test_four_tabs_never_notice_that_tokens_end(
    start_api: StartApi, start_pages: StartPages, open_page: OpenPage, servers: int
) -> None:
    """With access tokens of three seconds, four tabs clicked for half a minute (and forty times) stay signed in.

    With two page servers on one address' cookies, the single flight of a process does not help: the API's grace does.
    """
    api = start_api(JWT_ACCESS_TOKEN_EXPIRE_MINUTES=THREE_SECONDS)
    key = "a-key-that-both-page-servers-know-9f8e7d"
    urls = [start_pages(api.url, SECRET_KEY=key).url for _ in range(servers)]
    first = open_page()
    register(first, urls[0])
    tabs = [first, *(first.context.new_page() for _ in range(3))]

    end, clicks = time.monotonic() + 30 / servers, 0
    while time.monotonic() < end or clicks < 40:
        for number, tab in enumerate(tabs):
            url = f"{urls[number % servers]}/{'profile' if clicks % 2 else 'security'}"
            tab.goto(url, wait_until="commit")
            clicks += 1
        for tab in tabs:
            expect(tab.get_by_role("button", name="Sign out").first).to_be_visible()

    assert api.read_log().count('"path": "/refresh"') >= 6 / servers


@pytest.mark.asvs("10.4.5")
def test_a_stolen_refresh_cookie_ends_the_session_for_both(  # noqa: PLR0913, PLR0917 the whole suite, and time
    start_api: StartApi,
    start_pages: StartPages,
    open_page: OpenPage,
    picture: Picture,
    settings: Settings,
    sql: RunSql,
) -> None:
    """A thief who copies the cookie gets nothing on the pages, the session ends, and the owner is told why."""
    api = start_api(JWT_SECRET_KEY=settings.jwt_secret_key.get_secret_value())
    url, owner, thief = start_pages(api.url).url, open_page(), open_page()
    register(owner, url)
    [copied] = [cookie for cookie in owner.context.cookies() if cookie["name"] == "refresh_token"]
    owner.context.clear_cookies(name="access_token")  # as browsers do with one that has ended
    owner.goto(f"{url}/profile")
    age(sql, "rotated_at", 11)
    copied["value"] = issued_earlier(settings, copied["value"], 11)
    thief.context.add_cookies([copied])  # type: ignore[list-item]  # what one call gives, the other takes
    thief.goto(f"{url}/profile")
    owner.goto(f"{url}/profile")
    picture(owner, "owner")

    for page in (thief, owner):
        expect(page).to_have_url(re.compile("/login"))
        expect(page.locator("main")).to_contain_text("an old copy of this sign-in was used")
        assert not [cookie for cookie in page.context.cookies() if cookie["name"] in {"access_token", "refresh_token"}]
    assert '"message": "refresh_token_reused"' in api.read_log()
    owner.fill("[name=username]", "ada")
    owner.fill("[name=password]", PASSWORD)
    owner.get_by_role("button", name="Sign in").click()
    expect(owner).to_have_url(f"{url}/profile")
