"""What pages and API log of one visit: the same id in both, the event's client, and no secret of the whole run."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pyotp
import pytest

from scripts.visitor import Answer, Visitor
from testing.api import StartApi
from testing.arrivals import wait_for_link
from testing.browser import StartPages
from testing.processes import Server

PASSWORD, NEW_PASSWORD, WRONG = "blue herons at dawn", "grey herons at dusk", "green herons at noon"
OLD_STEP_MARGIN = 15.0  # seconds: the code before the present one is good until this step ends, and no longer
KEY, PAGES_KEY = "Zk1u0mT8wQx4bLr7Nd2Vf9Hs6Jp3Yc5G", "q-ReXa0WoUiEy7TgBhNm3Ju5Ik9LoPz1"


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Give one database of the test's own: the logs are the same with another."""
    return sqlite_copy


@pytest.fixture
def api(start_api: StartApi) -> Server:
    """Give an API that mails."""
    return start_api(JWT_SECRET_KEY=KEY)


@pytest.fixture
def pages(api: Server, start_pages: StartPages) -> Server:
    """Give its pages."""
    return start_pages(api.url, SECRET_KEY=PAGES_KEY)


def read_lines(server: Server) -> list[dict[str, Any]]:
    """End a server, so that all is written, and parse its lines; what is no JSON is a failure."""
    server.stop()
    return [json.loads(line) for line in server.read_log().splitlines() if line.startswith("{")]


def enable_totp(visitor: Visitor) -> tuple[pyotp.TOTP, list[str]]:
    """Switch the second factor on; give the authenticator and the recovery codes."""
    setup = visitor.submit(visitor.get("/security"), "/security/totp/start")
    secret = setup.form("/security/totp/confirm")["secret"]
    authenticator = pyotp.TOTP(secret)
    if (left := 30 - time.time() % 30) < OLD_STEP_MARGIN:
        time.sleep(left)
    code = authenticator.at(int(time.time()), counter_offset=-1)
    shown = visitor.submit(setup, "/security/totp/confirm", code=code)
    codes = re.search(r"<pre[^>]*>(.*?)</pre>", shown.text, re.DOTALL)
    assert codes, shown.text
    return authenticator, codes[1].split()


def log_in(visitor: Visitor, **typed: str) -> Answer:
    """Take the first step of a sign-in."""
    return visitor.submit(visitor.get("/login"), "/login", username="ann", **typed)


def live(site: str, mail: Path) -> list[str]:
    """Sign up, in and out through the pages, mistype, lose the device and the password; give every secret of it."""
    visitor = Visitor(site)
    person = {"email": "ann@example.com", "username": "ann", "password": PASSWORD}
    visitor.submit(visitor.get("/register"), "/register", **person)
    visitor.submit(visitor.get(wait_for_link(mail, "/email/verify", "ann@example.com")), "/email/verify")
    kept = [cookie.value or "" for cookie in visitor.cookies]
    authenticator, codes = enable_totp(visitor)
    visitor.submit(visitor.get("/profile"), "/logout")
    log_in(visitor, password=WRONG)
    visitor.submit(log_in(visitor, password=PASSWORD), "/login/code", totp=codes[0])
    kept += [cookie.value or "" for cookie in visitor.cookies]
    visitor.submit(visitor.get("/profile"), "/logout")
    visitor.submit(visitor.get("/password/forgot"), "/password/forgot", email="ann@example.com")
    link = wait_for_link(mail, "/password/reset", "ann@example.com")
    reset = visitor.get(link)
    kept += [cookie.value or "" for cookie in visitor.cookies]
    visitor.submit(reset, "/password/reset", new_password=NEW_PASSWORD)
    assert "/login/code" in log_in(visitor, password=NEW_PASSWORD).url
    kept += [PASSWORD, NEW_PASSWORD, WRONG, authenticator.secret, *codes, *(code.replace("-", "") for code in codes)]
    return [KEY, PAGES_KEY, link.partition("token=")[2], *kept]


@pytest.mark.asvs("14.2.1", "16.2.1", "16.2.5", "16.3.1", "16.2.4")
def test_a_visit_is_followed_through_both_logs_and_leaves_no_secret(api: Server, pages: Server, tmp_path: Path) -> None:
    """Each page's id stands in the API's lines about it, events included; no cookie, link or code stands in any."""
    kept = live(pages.url, tmp_path / "mail")
    of_pages, of_api = read_lines(pages), read_lines(api)
    logs = pages.read_log() + api.read_log()

    assert [secret for secret in kept if len(secret) > 5 and (secret in logs or secret[-40:] in logs)] == []
    requests = {line["request_id"]: line for line in of_pages if line["message"] == "request"}
    followed = [line for line in of_api if line.get("request_id") in requests]
    assert {line["message"] for line in followed} >= {"request", "registered", "login_failed", "login_succeeded"}
    [failed] = [line for line in followed if line["message"] == "login_failed"]
    assert requests[failed["request_id"]]["path"] == "/login"
    assert failed["client"] == "127.0.0.1"
    assert failed["user_id"] == next(line for line in followed if line["message"] == "registered")["user_id"]
