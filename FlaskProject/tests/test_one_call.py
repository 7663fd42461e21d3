"""A signed-in page asks the API once, whatever it shows: counted where the requests arrive, in a real API's log."""

import json
import re
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

import pyotp
import pytest
from flask import Flask
from werkzeug.test import Client

from testing.api import RunSql, StartApi
from testing.processes import Server
from testing.visits import Visit

# Every page that shows whose account it is; what a mail's link leads to is for strangers, too, and looks at the link.
SIGNED_IN = {
    *("/", "/profile", "/security", "/security/history", "/security/passkeys/add", "/security/totp/start"),
    *("/security/totp/recovery-codes", "/account/delete", "/language", "/logout", "/password/forgot"),
    *("/password/mailed", "/register/mailed", "/auth/denied", "/auth/step-up"),
}
NO_PAGE = {"/readyz", "/auth/verify"}
Arrived = Callable[[], list[str]]


@pytest.fixture
def server(start_api: StartApi) -> Server:
    """Give a real API process."""
    return start_api()


@pytest.fixture
def api_url(server: Server) -> str:
    """Let the pages ask it."""
    return server.url


@pytest.fixture
def arrived(server: Server) -> Arrived:
    """Give a function that returns what has arrived at the API since it was last called."""
    seen: list[str] = []

    def since() -> list[str]:
        mark = f"/{secrets.token_hex(8)}"
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(server.url + mark, timeout=30)  # noqa: S310 our own address
        server.wait_for(mark, 1)
        lines = list(_requests(server.read_log()))
        new = lines[len(seen) :]
        seen[:] = lines
        return [line for line in new if not line.endswith(mark)]

    return since


def _requests(log: str) -> Iterator[str]:
    for line in log.splitlines():
        with suppress(ValueError, TypeError):
            entry = json.loads(line)
            if entry["message"] == "request":
                yield f"{entry['method']} {entry['path']}"


def addresses(client: Client) -> list[str]:
    """Return every address of these pages that can be asked for as it stands; signing out comes last."""
    app = cast("Flask", client.application)
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    return sorted({rule.rule for rule in rules if not rule.rule.startswith("/brand/")} - NO_PAGE)


def count_calls(visit: Visit, arrived: Arrived) -> dict[str, list[str]]:
    """Open every page, and return what each that shows something asked the API for."""
    asked: dict[str, list[str]] = {}
    for address in addresses(visit.client):
        arrived()
        answer: Any = visit.client.get(address)
        if answer.mimetype == "text/html" and answer.status_code not in range(300, 400):
            asked[address] = arrived()
    return asked


def test_every_page_asks_once(visit: Visit, second_visit: Visit, arrived: Arrived, sql: RunSql) -> None:
    """With a second factor, codes just made, a trusted device and a later sign-in elsewhere, and without any of it."""
    visit.register("alice")
    visit.open("/password/forgot").send("/password/forgot", email="alice@example.com")
    bare = count_calls(visit, arrived)
    secret, _codes = visit.enable_totp()
    sql("UPDATE sessions SET created_at = '2026-01-01 00:00:00'")  # else the next one may count as the same sign-in
    second_visit.log_in("alice").send("/login/code", totp=pyotp.TOTP(secret).now(), trust_device="true")
    full = count_calls(visit, arrived)

    assert second_visit.path == "/"
    assert "Latest sign-in" in visit.open("/").page
    assert bare.keys() | full.keys() == SIGNED_IN
    assert [(page, calls) for asked in (bare, full) for page, calls in asked.items() if len(calls) != 1] == []


def test_what_is_not_to_be_had_by_address_alone_asks_once(
    visit: Visit, arrived: Arrived, make_session_stale: Callable[[], None]
) -> None:
    """The question whether it is still you, what somebody else may have done, and a page that is none."""
    visit.register("alice")
    event = re.search(r'action="(/security/history/[^"]+/confirm)"', visit.open("/security/history").page)
    assert event
    pages = ["/nowhere", "/security/history?part=password", visit.send(event[1]).path]
    make_session_stale()
    pages.append(visit.open("/security").send("/security/totp/start").path)
    asked = []
    for page in pages:
        arrived()
        visit.open(page)
        asked.append(len(arrived()))

    assert pages[-1] == "/reauthenticate"
    assert asked == [1] * len(pages)
