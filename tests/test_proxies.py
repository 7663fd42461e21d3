"""The examples of nginx and Caddy, each in front of real pages, a real API, and an application that knows nobody."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from testing.api import PASSWORD
from testing.browser import StartPages, pages_server
from testing.processes import free_port
from testing.proxies import Application, running_caddy, running_nginx
from testing.suite import Suite

PROXIES = ["nginx", "caddy"]
# What a browser sends when somebody types an address, and what a script of a page sends.
LOOKING = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
SCRIPT = {"Accept": "*/*", "Sec-Fetch-Mode": "cors"}
FORGED = {"Remote-User": "admin", "Remote-Email": "root@example.com", "Remote-Role": "admin", "Remote_User": "admin"}


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request: Any, suite: Suite, application: Application, tmp_path_factory: Any) -> Iterator[str]:
    """Give the address of a proxy before pages that trust it, and before the application."""
    folder = tmp_path_factory.mktemp("proxy")
    pages = pages_server(suite.api_url, folder / "pages.log", TRUSTED_PROXY_COUNT="1")
    port = free_port()
    with start(request.param, folder, pages.url, application, port):
        yield f"https://localhost:{port}"
    pages.stop()


def start(name: str, folder: Path, pages: str, application: Application, port: int) -> Any:
    """Start a proxy by its name, before pages below a path of the application's host."""
    if name == "nginx":
        return running_nginx(folder, "same-host.conf", pages, application.address, port)
    return running_caddy(folder, "Caddyfile", pages, application.address, SITE=f"localhost:{port}")


@pytest.fixture
def name(request: Any) -> str:
    """Give a name that nobody else has."""
    return f"ada{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture
def client(proxy: str, application: Application) -> Iterator[httpx2.Client]:
    """Give a browser that has visited nothing yet; the application has forgotten who came before."""
    application.asked.clear()
    application.headers.clear()
    with browser(proxy) as opened:
        yield opened


def browser(url: str, **more: Any) -> httpx2.Client:
    """Open a browser that believes any certificate, as these are made for a test."""
    return httpx2.Client(base_url=url, verify=False, **more)


def sign_in(
    client: httpx2.Client, suite: Suite, name: str, prefix: str = "__Host-", domain: str = "localhost.local"
) -> dict[str, Any]:
    """Open an account and have its cookies, as the pages give them; returns the account."""
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    httpx2.post(f"{suite.api_url}/register", json=body)
    pair = httpx2.post(f"{suite.api_url}/login", json={"username": name, "password": PASSWORD}).json()
    for token in ("access_token", "refresh_token"):
        client.cookies.set(prefix + token, pair[token], domain=domain, path="/")
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    return dict(httpx2.get(f"{suite.api_url}/user/account", headers=headers).json())


def test_a_stranger_is_asked_to_sign_in(client: httpx2.Client, application: Application) -> None:
    """A person is led to a sign-in that knows exactly the page asked for; scripts and forms learn that it is 401."""
    led = client.get("/wiki/Über uns?q=a b&x=1&y=%2F", headers=LOOKING)
    refused = [client.get("/data", headers=SCRIPT), client.post("/form", data={"a": "b"}, headers=LOOKING)]

    assert led.status_code == 302
    assert led.headers["location"] == "/account/login?next=/wiki/%25C3%259Cber%2520uns?q%3Da%2520b%26x%3D1%26y%3D%252F"
    assert [answer.status_code for answer in refused] == [401, 401]
    assert application.asked == []


@pytest.mark.asvs("4.1.3")
def test_what_a_visitor_claims_to_be_ends_at_the_proxy(
    client: httpx2.Client, suite: Suite, application: Application, name: str
) -> None:
    """Neither a stranger nor somebody signed in gets a forged header through, in whatever spelling."""
    strangers = [client.get(path, headers=FORGED | SCRIPT).status_code for path in ("/", "/admin/")]
    account = sign_in(client, suite, name)
    passed = client.get("/page?x=1", headers=FORGED)

    assert strangers == [401, 401]
    assert (passed.status_code, application.asked) == (200, ["GET /page?x=1"])
    [seen] = application.headers
    assert (seen["remote-user"], seen["remote-role"]) == (account["user_id"], "user")
    assert seen.get("remote-email", "") == ""  # nobody has confirmed it
    assert "remote_user" not in seen
    assert "root@example.com" not in str(seen)


def test_the_application_sees_none_of_our_cookies(
    client: httpx2.Client, suite: Suite, application: Application, name: str
) -> None:
    """Tokens open the account: whoever runs the application has no use for them that is good."""
    sign_in(client, suite, name)
    client.cookies.set("theme", "dark", domain="localhost.local", path="/")

    assert client.get("/").status_code == 200
    sent = application.headers[0].get("cookie", "")
    assert re.findall(r"[^ ;=]+(?==)", sent) in ([], ["theme"])


def test_a_role_is_asked_for(client: httpx2.Client, suite: Suite, application: Application, name: str) -> None:
    """Somebody signed in without it is told so on a page of ours, a script by its status."""
    sign_in(client, suite, name)
    led, refused = (client.get("/admin/users", headers=headers) for headers in (LOOKING, SCRIPT))
    shown = client.get(led.headers["location"])

    assert (led.status_code, refused.status_code, shown.status_code) == (302, 403, 403)
    assert "accounts with another role" in shown.text
    assert application.asked == []


def test_a_sign_in_is_refreshed_unnoticed(
    client: httpx2.Client, suite: Suite, application: Application, name: str
) -> None:
    """Whatever comes with an access token that is over is sent once more with a new one: racing pages, then a form."""
    sign_in(client, suite, name)
    client.cookies.delete("__Host-access_token")
    kept = dict(client.cookies)
    with ThreadPoolExecutor(2) as threads:
        racing = list(threads.map(lambda path: ask_with(client, kept, path), ["/one", "/two"]))
    assert [answer.status_code for answer in racing] == [307, 307]
    assert [answer.headers["location"] for answer in racing] == ["/one", "/two"]
    assert application.asked == []

    form = client.post("/form", data={"typed": "much"}, headers=SCRIPT, follow_redirects=True)
    assert (form.status_code, application.asked) == (200, ["POST /form typed=much"])
    assert client.cookies["__Host-access_token"]


def ask_with(client: httpx2.Client, cookies: dict[str, str], path: str) -> httpx2.Response:
    """Ask as another tab does, with the cookies of a moment ago."""
    with browser(str(client.base_url), cookies=cookies) as tab:
        return tab.get(path, headers=LOOKING)


@pytest.mark.asvs("7.4.1")
def test_signing_out_shuts_the_application(
    client: httpx2.Client, suite: Suite, application: Application, name: str
) -> None:
    """The very next request is refused, though the browser still has both cookies."""
    sign_in(client, suite, name)
    assert client.get("/").status_code == 200
    headers = {"Authorization": f"Bearer {client.cookies['__Host-access_token']}"}
    httpx2.post(f"{suite.api_url}/logout", headers=headers)
    after = client.get("/", headers=SCRIPT)

    assert after.status_code == 401
    assert application.asked == ["GET /"]
    assert "set-cookie" not in after.headers


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize("kind", PROXIES)
def test_an_api_that_is_away_lets_nobody_in(  # noqa: PLR0913, PLR0917 a test names its fixtures
    kind: str, suite: Suite, start_pages: StartPages, tmp_path: Path, application: Application, name: str
) -> None:
    """Both proxies say 503 and in a line why, and the sign-in is still there afterwards."""
    application.asked.clear()
    pages, port = start_pages("http://127.0.0.1:9", TRUSTED_PROXY_COUNT="1"), free_port()
    with start(kind, tmp_path, pages.url, application, port), browser(f"https://localhost:{port}") as client:
        sign_in(client, suite, name)
        answer = client.get("/", headers=LOOKING)

    assert (answer.status_code, application.asked) == (503, [])
    assert "look up who you are" in answer.text
    assert "set-cookie" not in answer.headers


def test_caddy_asks_from_a_sibling_host_too(
    suite: Suite, start_pages: StartPages, tmp_path: Path, application: Application, name: str
) -> None:
    """A stranger is led to the pages' own host and back by the whole address; whoever is signed in passes."""
    application.asked.clear()
    port = free_port()
    sites = {part.upper(): f"{part}.pupero.localhost:{port}" for part in ("auth", "app")}
    settings = {"COOKIE_DOMAIN": "pupero.localhost", "RETURN_ORIGINS": f"https://{sites['APP']}"}
    settings |= {"TRUSTED_PROXY_COUNT": "1", "SECURE_COOKIES": "true"}
    pages = start_pages(suite.api_url, **settings)
    named: Any = {"headers": LOOKING | {"Host": sites["APP"]}, "extensions": {"sni_hostname": "app.pupero.localhost"}}
    with (
        running_caddy(tmp_path, "Caddyfile.sibling-hosts", pages.url, application.address, **sites),
        browser(f"https://127.0.0.1:{port}") as client,
    ):
        led = client.get("/page?x=1", **named)
        sign_in(client, suite, name, "__Secure-", "127.0.0.1")
        passed = client.get("/page?x=1", **named)

    assert led.headers["location"] == f"https://{sites['AUTH']}/login?next=https://{sites['APP']}/page?x%3D1"
    assert (passed.status_code, application.asked) == (200, ["GET /page?x=1"])
