"""Steps of an operator: restarts, a crash of the database, mails, TLS, and the end."""

import json
import os
import re
import time

from scripts.check_people import API, PAGES, PASSWORD, open_profile, switch_totp_on
from scripts.check_replicas import profile, sign_in
from scripts.compose import Compose, run
from scripts.load import Load
from scripts.report import note, require, wait_for
from scripts.visitor import Visitor, call

OK, UNAVAILABLE = 200, 503
CONFIRM = "Confirm your email address"
MAIL = f"http://127.0.0.1:{os.environ.get('MAIL_PORT', '8025')}"
TLS = f"https://{os.environ.get('TLS_BIND', '127.0.0.1:8443')}"


def operator_is_at_home(compose: Compose) -> None:
    """Use the operator's command inside: it knows the database and the API's settings."""
    command = ("run", "--rm", "-T", "--no-deps", "createdb", "createdb")
    require("ann@example.com" in compose(*command, "--list-users"), "createdb --list-users")
    findings = compose(*command, "--doctor", allowed=True)
    note(findings.strip().replace("\n", "\n          "))
    require(" 0 failures" in findings, "createdb --doctor finds nothing that is wrong")
    require("A password hash takes" in findings, "and measures the API's password hashes")


def restart_keeps_everything(compose: Compose) -> None:
    """Take all containers away and start again: sessions, accounts and secrets are still there."""
    pair = sign_in("ann")
    compose("down")
    begin = time.monotonic()
    compose("up", "--detach", "--wait")
    note(f"down, and healthy again after {time.monotonic() - begin:.0f} s")
    told = compose("logs", "--no-log-prefix", "secrets")
    require("made" not in told, "the secrets were kept")
    wait_for(lambda: call(f"{API}/readyz").status == OK, 20, "the API")
    require(profile(pair).status == OK, "an access token of before still works")
    require(call(f"{API}/refresh", {"refresh_token": pair["refresh_token"]}).status == OK, "a refresh token too")


def database_crash_heals(compose: Compose) -> None:
    """Kill MariaDB under load: 503 while it is away, never another error, and all is well soon after."""
    pair = sign_in("ann")
    with Load({f"read {one}": (lambda: profile(pair).status, 0.05) for one in range(4)}) as load:
        time.sleep(2)
        compose("exec", "-T", "-u", "999", "mariadb", "sh", "-c", "kill -9 $(pidof mariadbd)", allowed=True)
        seconds = wait_for(lambda: load.failures() != {}, 10, "an outage")
        back = wait_for(lambda: profile(pair).status == OK, 120, "the database")
        time.sleep(2)
        seen = dict(load.failures())
        time.sleep(5)
    statuses = {status for _, status in load.statuses}
    note(f"killed; first refusal after {seconds:.1f} s, answered again after {back:.1f} s more")
    others = statuses - {OK, UNAVAILABLE}
    require(not others, f"{load.total} requests: 200 and 503 only {others or ''}")
    require(dict(load.failures()) == seen, "2 s after the first good answer all are good")
    require(call(f"{API}/login", {"username": "ann", "password": PASSWORD}).status == OK, "and people sign in")


def mails_are_caught(compose: Compose) -> None:
    """Start the mail catcher and let somebody forget a password."""
    mail = {"SMTP_HOST": "mail", "SMTP_PORT": "1025", "SMTP_SECURE": "none"}
    compose.environment |= mail
    # Between the API and the catcher is one network of this machine, which production must be told.
    (compose.folder / "login.env").write_text("SMTP_PRIVATE_NETWORK=true\n", encoding="utf-8")
    compose("--profile", "dev", "--profile", "scale", "up", "--detach", "--wait", "--scale", "login=1")
    wait_for(lambda: call(f"{API}/readyz").status == OK, 20, "the API")
    require(call(f"{API}/password/reset", {"email": "ann@example.com"}).status == OK, "somebody forgot a password")
    wait_for(lambda: "ann@example.com" in call(f"{MAIL}/api/v1/messages").text, 30, "a mail")
    subjects = [one["Subject"] for one in json.loads(call(f"{MAIL}/api/v1/messages").text)["messages"]]
    require(subjects, f"caught: {subjects}")


def confirm_address(name: str) -> None:
    """Follow the link by which somebody confirms an address: a second factor wants that where mail is delivered."""
    call(f"{API}/email/verification", {}, Authorization=f"Bearer {sign_in(name)['access_token']}")
    wait_for(lambda: CONFIRM in call(f"{MAIL}/api/v1/messages").text, 30, "the mail to confirm an address")
    messages = json.loads(call(f"{MAIL}/api/v1/messages").text)["messages"]
    letter = next(one["ID"] for one in messages if one["Subject"] == CONFIRM)
    found = re.search(r"/email/verify\?token=([\w-]+)", call(f"{MAIL}/api/v1/message/{letter}").text)
    token = found[1] if found else ""
    require(call(f"{API}/email/verify", {"token": token}).status == OK, f"{name} confirms the address")


def operator_resets_a_second_factor(compose: Compose) -> None:
    """Help somebody who has lost the device, from inside: the owner is told by mail."""
    confirm_address("ann")
    ann = Visitor(PAGES)
    open_profile(ann)
    switch_totp_on(ann)
    command = ("run", "--rm", "-T", "--no-deps", "createdb", "createdb", "--reset-second-factor", "ann")
    note(compose(*command).strip().splitlines()[-1])
    wait_for(lambda: "authentication is off" in call(f"{MAIL}/api/v1/messages").text, 30, "a mail about it")
    require(sign_in("ann"), "the owner has a mail, and the password alone signs in")


def production_is_served_over_tls(compose: Compose) -> None:
    """Go to production behind the TLS proxy: Secure cookies that no neighbour can plant, HSTS, and the old accounts."""
    production = {"ENVIRONMENT": "production", "PUBLIC_URL": TLS, "SECURE_COOKIES": "true"}
    # No mails any more: the catcher takes them in the clear, which production is not for.
    compose.environment |= {**production, "SMTP_HOST": "", "SMTP_PORT": "", "SMTP_SECURE": ""}
    compose("--profile", "*", "up", "--detach", "--wait", "--scale", "login=1")
    ann = Visitor(TLS)
    wait_for(lambda: ann.get("/login").status == OK, 20, "TLS")
    page = ann.submit(ann.get("/login"), "/login", username="ann", password=PASSWORD)
    names = sorted(cookie.name for cookie in ann.cookies)
    require(page.status == OK and "__Host-access_token" in names, f"signed in over https; cookies {', '.join(names)}")
    require(all(cookie.secure for cookie in ann.cookies), "all of them Secure")
    policy = page.headers.get("strict-transport-security", "")
    require("max-age" in policy, f"Strict-Transport-Security: {policy}")


def everything_goes_away(compose: Compose) -> None:
    """Remove it all."""
    compose("--profile", "*", "down", "--volumes")
    left = run("docker", "ps", "--all", "--quiet", "--filter", "name=pupero-check")
    volumes = run("docker", "volume", "ls", "--quiet", "--filter", "name=pupero-check")
    require(not left.strip() and not volumes.strip(), "down -v leaves no container and no volume")
    require(call(f"{PAGES}/login").status == 0, "and nobody answers")
