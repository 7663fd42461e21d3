"""Where a sign-in leads back to when another application of this host, or of a named one, asked for it."""

from typing import Any

import pytest

from FlaskProject.rendering.return_addresses import return_address
from FlaskProject.tests.test_own_paths import FOREIGN

APP = "https://app.example.com"
ORIGINS = (APP, "https://wiki.example.com:8443")
BACK = [
    "/app/",
    "/app/page.html?q=a%20b&r[]=x|y&z=%2F\\d",
    "/%C3%9Cber/uns;v=1?",
    "/~ada/a+b,c(d)'e'@f:g",
    "/profile",
    "/security#totp",
    "/projects/a%2Fb//c",
]


@pytest.mark.parametrize("target", [*BACK, f"{APP}/", f"{APP}/a?b=//c", "https://wiki.example.com:8443/x"])
def test_the_very_page_is_come_back_to(target: str) -> None:
    """Query and escapes included, as browsers write them."""
    assert return_address(target, origins=ORIGINS) == target


BESIDE = [
    APP,
    f"{APP}.evil.example/",
    f"{APP}@evil.example/",
    f"{APP}:8443/",
    f"{APP}//evil.example",
    f"{APP}/\\evil.example",
    f"{APP}/a\r\nX: y",
    "http://app.example.com/",
    "HTTPS://APP.EXAMPLE.COM/",
    "https://wiki.example.com/x",
    "https:/app.example.com/",
    "//app.example.com/",
    "/auth/verify",
    "/auth/denied?x",
    "/app/%2e%2E/login",
]


@pytest.mark.asvs("1.2.2", "3.7.2")
@pytest.mark.parametrize("target", [None, *FOREIGN, *BESIDE])
def test_everything_else_leads_home(target: str | None) -> None:
    """No spelling of another site gets through, nor a page that would lead around in a circle."""
    assert return_address(target, origins=ORIGINS) == "/"


@pytest.mark.asvs("1.2.2", "3.7.2")
def test_no_origin_is_come_back_to_unless_it_is_named() -> None:
    """Off by default."""
    assert return_address(f"{APP}/") == "/"


PREFIXED = [("/", "/"), ("/app/x?y=z", "/app/x?y=z"), ("/login", "/login"), ("/account/profile", "/account/profile")]
PREFIXED += [("/account/login", "/account/"), ("/account/auth/verify", "/account/"), ("/account", "/account/")]


@pytest.mark.parametrize(("target", "led"), PREFIXED)
def test_pages_under_a_path_lead_back_to_the_rest_of_the_site(target: str, led: str) -> None:
    """There /login is the application's own."""
    assert return_address(target, "/account") == led


@pytest.mark.asvs("3.4.3")
def test_forms_lead_to_named_origins_from_the_sign_in_alone(open_browser: Any) -> None:
    """Browsers hold a redirect after a form against `form-action`; no other page needs it, and without setting none."""
    policies = [
        open_browser(return_origins=origins).get(path).headers["Content-Security-Policy"]
        for origins, path in ((ORIGINS, "/login"), (ORIGINS, "/register"), ((), "/login"))
    ]

    assert f"form-action 'self' {APP} https://wiki.example.com:8443;" in policies[0]
    assert [APP in policy for policy in policies] == [True, False, False]


@pytest.mark.parametrize("target", ["/app/x?y=%20", f"{APP}/x?y=z"])
def test_a_sign_in_keeps_the_way_back(
    small_api: Any, open_browser: Any, submit: Any, make_token: Any, target: str
) -> None:
    """Through both steps, wrong passwords included."""
    step = {"code": "totp_required", "detail": "no", "login_token": make_token(300)}
    small_api.on("POST /login", lambda _asked: (400, {"code": "invalid_credentials", "detail": "no"}))
    browser = open_browser(small_api.url, return_origins=ORIGINS)
    wrong = submit(browser, "/login", username="ada", password="wrong", next=target)
    assert f'name="next" value="{target}"' in wrong.text

    small_api.on("POST /login", lambda _asked: (400, step))
    code = submit(browser, "/login", username="ada", password="right", next=target).headers["Location"]
    pair = {"access_token": make_token(), "refresh_token": make_token()}
    small_api.on("POST /login", lambda _asked: (200, pair))
    shown = browser.get(code)
    assert f'name="next" value="{target}"' in shown.text
    assert submit(browser, code, "/login/code", totp="123456", next=target).headers["Location"] == target
