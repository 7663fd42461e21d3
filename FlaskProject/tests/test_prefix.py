"""Pages that are served under a path of a site: every address in them begins with it."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pyotp
import pytest
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, TestResponse

from FlaskProject.rendering.own_paths import own_path
from testing.ageing import age
from testing.api import RunSql
from testing.arrivals import wait_for_link
from testing.visits import PASSWORD, Visit

ROOT = "/auth"
OpenVisit = Callable[[str], Visit]
ADDRESSES = re.compile(r'(?:href|action|src)="((?!#|data:|otpauth:)[^"]*)"')


def outside(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Stand for the rest of the site, where no visitor of the pages is to get."""
    start_response("410 Outside", [("Content-Type", "text/plain")])
    return [b"outside"]


def mount(app: WSGIApplication) -> WSGIApplication:
    """Serve under ROOT as gunicorn, uWSGI and mod_wsgi do, which set SCRIPT_NAME."""
    return DispatcherMiddleware(outside, {ROOT: app})


def proxied(app: WSGIApplication) -> WSGIApplication:
    """Serve under ROOT as a proxy does that cuts the path off and says so in a header."""

    def without_root(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        told = {"SCRIPT_NAME": "", "HTTP_X_FORWARDED_PREFIX": ROOT, "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
        return app(environ | told, start_response)

    return mount(without_root)


class Fenced(Client):
    """A browser that goes nowhere outside ROOT, and remembers what would lead there."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        """Ask, and look through the answer."""
        answer = super().open(*args, **options)
        led = [*ADDRESSES.findall(answer.text), answer.headers.get("Location", ROOT)]
        assert [to for to in led if to != ROOT and not to.startswith(f"{ROOT}/")] == [], answer.request.path
        assert answer.status_code != 410, answer.request.path
        return answer


@pytest.fixture(params=[mount, proxied])
def under_root(request: pytest.FixtureRequest, open_browser: Any) -> OpenVisit:
    """Give a function that opens a browser on pages served under ROOT."""

    def open_it(backend_url: str) -> Visit:
        client: FlaskClient = open_browser(backend_url, trusted_proxy_count=int(request.param is proxied))
        return Visit(Fenced(request.param(client.application)), root=ROOT)

    return open_it


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_journey_stays_under_its_path(
    under_root: OpenVisit, start_api: Any, sql: RunSql, let_codes_pass: Any, tmp_path: Path
) -> None:
    """Signing up, a mail's link, the password asked for in place, and a sign-in in two steps that goes on."""
    visit = under_root(start_api(PUBLIC_URL=f"http://localhost{ROOT}").url)
    assert visit.register("ada").path == "/"
    link = wait_for_link(tmp_path / "mail", f"{ROOT}/email/verify", "ada@example.com")
    assert visit.open(link.removeprefix(ROOT)).send("/email/verify").says("Your email address is confirmed")
    assert visit.open("/.well-known/change-password").path == "/security"

    age(sql, "authenticated_at", 3600)
    assert visit.open("/security").send("/security/totp/start").says("Is it still you?")
    visit.send("/security/totp/start", current_password=PASSWORD)
    secret, _codes = visit.enable_totp()
    visit.send("/security/totp/saved", saved="true").send("/logout")

    assert visit.open("/profile").path == "/login"
    assert visit.send("/login", username="ada", password=PASSWORD).path == "/login/code"
    let_codes_pass()
    assert visit.send("/login/code", totp=pyotp.TOTP(secret).now()).path == "/profile"


def test_the_first_step_is_kept_on_the_login_pages(under_root: OpenVisit, small_api: Any, make_token: Any) -> None:
    """Over http, where its name cannot be bound to the host, its cookie goes to these pages and no others."""
    step = {"code": "totp_required", "detail": "no", "login_token": make_token(300)}
    small_api.on("POST /login", lambda _asked: (400, step))
    visit = under_root(small_api.url)

    assert visit.log_in("ada").path == "/login/code"
    assert visit.client.get_cookie("login_token", path=f"{ROOT}/login")


def test_an_outage_is_left_by_the_same_address(under_root: OpenVisit, make_token: Any) -> None:
    """Whether a page is to be tried again, or a form that was sent."""
    visit = under_root("http://127.0.0.1:9").open("/login")
    token = visit.hidden("/login")["csrf_token"]
    visit.client.set_cookie("access_token", make_token())

    assert f'href="{ROOT}/profile?x=y"' in visit.open("/profile?x=y").page
    sent = visit.client.post(f"{ROOT}/profile/phrase", data={"csrf_token": token, "phrase": "Red boots"})
    assert sent.status_code == 503
    assert f'action="{ROOT}/profile/phrase"' in sent.text


ROOTS = [("/auth", 200), ("/a/b.c", 200), ("/auth/", 200), ("//evil.example", 400), ("/..", 400), ("/a b", 400)]


@pytest.mark.parametrize(("root", "status"), ROOTS)
def test_a_prefix_is_a_plain_path(open_browser: Any, root: str, status: int) -> None:
    """A proxy that sets none lets the visitor's through, before every address of a page that a cache may keep."""
    answer = open_browser(trusted_proxy_count=1).get("/login", headers={"X-Forwarded-Prefix": root})

    assert answer.status_code == status
    assert ("evil.example" in answer.text) is False


@pytest.mark.asvs("4.1.3")
def test_only_a_trusted_proxy_says_the_prefix(open_browser: Any) -> None:
    """TRUSTED_PROXY_COUNT decides, as for the other forwarded headers."""
    answer = open_browser().get("/profile", headers={"X-Forwarded-Prefix": ROOT})

    assert answer.headers["Location"] == "/login?next=/profile"


NEXTS = [("/auth/profile", "/auth/profile"), ("/auth/", "/auth/"), ("/auth", "/auth/"), ("/profile", "/auth/")]
NEXTS += [(f"/auth{evil}", "/auth/") for evil in ("//evil.example", "/../x", "/login", "ority/x", "@evil.example")]


@pytest.mark.parametrize(("target", "led"), NEXTS)
def test_next_stays_under_the_path(target: str, led: str) -> None:
    """What lies beside it on the same host is another application."""
    assert own_path(target, ROOT) == led


def test_pages_under_two_paths_at_once_each_keep_to_their_own(browser: FlaskClient) -> None:
    """What was worked out for one visitor's path stands in no page of another's."""
    for root in ("/one", "/two", "", "/one"):
        page = browser.get("/login", environ_overrides={"SCRIPT_NAME": root}).text
        found = [address for address in ADDRESSES.findall(page) if address.startswith("/")]

        assert len(found) > 5
        assert [address for address in found if not address.startswith(f"{root}/")] == []
        assert root or [address for address in found if address.startswith(("/one/", "/two/"))] == []
