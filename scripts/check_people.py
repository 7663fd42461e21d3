"""Steps as the people who use it take them."""

import os
import re

from scripts.check_images import read_secrets
from scripts.compose import Compose, run
from scripts.report import require
from scripts.visitor import Answer, Visitor, call, totp

PAGES = f"http://127.0.0.1:{os.environ.get('UI_PORT', '5000')}"
API = f"http://127.0.0.1:{os.environ.get('API_PORT', '8000')}"
NETWORK = os.environ.get("API_NETWORK", "172.16.213")
PASSWORD = "blue herons at dawn"
READ_METRICS = """
import sys, urllib.request as u
asked = u.Request("http://127.0.0.1:8000/metrics", headers={"Authorization": "Bearer " + sys.stdin.read()})
print(u.urlopen(asked).read().decode())
"""
PERSON = {"email": "ann@example.com", "username": "ann", "password": PASSWORD}


def person_signs_up_and_in(_compose: Compose) -> None:
    """Register, sign in, switch the second factor on, sign out, and in again with a code."""
    ann = Visitor(PAGES)
    welcome = ann.submit(ann.get("/register"), "/register", **PERSON)
    require(welcome.status == 200, f"registered through the pages: {welcome.url}")  # noqa: PLR2004 OK
    profile = open_profile(ann)
    require(PERSON["email"] in profile.text, "signed in; the profile shows")
    secret = switch_totp_on(ann)
    ann.submit(ann.get("/profile"), "/logout")
    require(PERSON["email"] not in ann.get("/profile").text, "signed out")
    code_page = ann.submit(ann.get("/login"), "/login", username="ann", password=PASSWORD)
    require(code_page.url.partition("?")[0].endswith("/login/code"), "the password alone opens nothing")
    ann.submit(code_page, "/login/code", totp=totp(secret, 1))
    require(PERSON["email"] in ann.get("/profile").text, "signed in with a code")
    switch_totp_off(ann)


def open_profile(visitor: Visitor) -> Answer:
    """Open the profile, signing in first if need be."""
    profile = visitor.get("/profile")
    if "/login" in profile.url:
        profile = visitor.submit(profile, "/login", username="ann", password=PASSWORD)
        profile = visitor.get("/profile")
    return profile


def switch_totp_on(visitor: Visitor) -> str:
    """Enrol an authenticator, with the code of the step before, which leaves the next ones for logins."""
    setup = visitor.submit(visitor.get("/security"), "/security/totp/start")
    action = next(path for path in re.findall(r'action="([^"]+)"', setup.text) if "confirm" in path)
    secret = setup.form(action)["secret"]
    codes = visitor.submit(setup, action, code=totp(secret))
    require(len(re.findall(r"^[\w-]{8,}$", codes.text, re.MULTILINE)) >= 8, "second factor on, recovery codes shown")  # noqa: PLR2004 most of ten
    return secret


def switch_totp_off(visitor: Visitor) -> None:
    """Take the second factor away again, for the steps to come."""
    page = visitor.submit(visitor.get("/security"), "/security/totp/disable")
    require("/security/totp/start" in page.text or visitor.get("/security").text, "second factor off")


def addresses_cannot_be_forged(_compose: Compose) -> None:
    """Claim another address on the way in, at the API and at the pages."""
    forged = {"X_Forwarded_For": "203.0.113.9"}
    tokens = call(f"{API}/login", {"username": "ann", "password": PASSWORD}, **forged).json
    sessions = call(f"{API}/user/sessions", Authorization=f"Bearer {tokens['access_token']}").json
    addresses = sorted({session["client_address"] for session in sessions})
    require("203.0.113.9" not in addresses, f"the API saw its visitors at {', '.join(addresses)}")
    require(not any(address.startswith(f"{NETWORK}.") for address in addresses), "and not at the proxies' addresses")


def metrics_are_for_insiders(compose: Compose) -> None:
    """Ask for the counters from outside, inside without a token, and with it."""
    require(call(f"{API}/metrics").status == 404, "the balancer does not serve /metrics")  # noqa: PLR2004 not found
    token = read_secrets(compose)["metrics_token"]
    container = compose.containers("login")[0]
    require("401" in read_metrics(container, "wrong"), "a wrong token: 401")
    text = read_metrics(container, token)
    logins = re.findall(r'pupero_outcomes_total\{outcome="(\w+)",route="/login"\} ([\d.]+)', text)
    require(logins, f"with the token: logins by outcome {dict(logins)}")


def read_metrics(container: str, token: str) -> str:
    """Ask one replica for its counters, from inside."""
    return run("docker", "exec", "-i", container, "python", "-c", READ_METRICS, text=token, allowed=True)
