"""Services as an operator looks after them: a secret is shown once, and each change counts at the API at once."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from testing.api import RunSql, SignedIn
from testing.services import Asker

Run = Callable[..., Any]


def secret_of(outcome: Any) -> str:
    """Read the secret that a run has shown."""
    assert outcome.status == 0, outcome.err
    [secret] = re.findall(r"^(?:Its secret|The new one): ([A-Za-z0-9_-]{43})$", outcome.out, re.MULTILINE)
    return str(secret)


def ask(user: SignedIn, secret: str) -> int:
    """Ask as the shop."""
    status: int = Asker(user.http, "shop", secret).send(user.access_token).status_code
    return status


@pytest.mark.asvs("13.3.2")
def test_the_life_of_a_service(cli: Run, user: SignedIn, sql: RunSql) -> None:
    """Made, rotated with a day for both, rotated at once, removed; nowhere is the secret kept or logged."""
    first = cli("--create-service", "shop", "--scopes", "role,email")
    second = cli("--rotate-service", "shop")
    secrets = [secret_of(first), secret_of(second)]
    overlapping = [ask(user, secret) for secret in secrets]
    refused = cli("--rotate-service", "shop")
    third = cli("--rotate-service", "shop", "--now")
    secrets.append(secret_of(third))
    rotated = [ask(user, secret) for secret in secrets]
    kept = str(sql("SELECT * FROM services"))
    removed = cli("--remove-service", "shop")
    recorded = sql("SELECT kind, actor, facts FROM events WHERE subject = 'services' ORDER BY id")

    assert (overlapping, rotated, ask(user, secrets[2])) == ([200, 200], [401, 401, 200], 401)
    assert (refused.status, "--now" in refused.err) == (1, True)
    events = [json.loads(outcome.err) for outcome in (first, second, third, removed)]
    assert [event["message"] for event in events] == [
        "service_created",
        "service_rotated",
        "service_rotated",
        "service_removed",
    ]
    assert [row[0].replace(".", "_") for row in recorded] == [event["message"] for event in events]
    assert {row[1:] for row in recorded} == {("operator", '{"service": "shop"}')}
    assert {event["service"] for event in events} == {"shop"}
    assert not [secret for secret in secrets if secret in kept + str(events)]


def test_services_are_listed(cli: Run, user: SignedIn) -> None:
    """What each is told, when it last asked, and until when an old secret works; never a secret."""
    none = cli("--list-services")
    secret = secret_of(cli("--create-service", "shop", "--scopes", "role,email"))
    cli("--create-service", "blog")
    ask(user, secret)
    cli("--rotate-service", "shop")
    head, blog, shop, count = cli("--list-services").out.splitlines()

    assert (none.out, count) == ("0 services.\n", "2 services.")
    assert head.split("  ")[0] == "NAME"
    assert re.fullmatch(r"blog +- +\S+ \S+ UTC +\S+ \S+ UTC +never", blog)
    assert re.fullmatch(r"shop +email,role( +\S+ \S+ UTC){3} +until \S+ \S+ UTC", shop)


@pytest.mark.parametrize(
    ("flags", "status", "words"),
    [
        (["--create-service", "Shop"], 2, "the name of a service is"),
        (["--create-service", "shop", "--scopes", "email,phrase"], 2, "scopes are some of"),
        (["--create-service", "blog", "--now"], 2, "--now goes with --rotate-service only"),
        (["--list-services", "--scopes", "email"], 2, "--scopes goes with --create-service only"),
        (["--create-service", "blog", "--remove-service", "blog"], 2, "different tasks"),
        (["--create-service", "shop"], 1, "There is a service shop already"),
        (["--rotate-service", "blog"], 1, "There is no service blog"),
        (["--remove-service", "blog"], 1, "There is no service blog"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_what_cannot_be_is_refused(cli: Run, sql: RunSql, flags: list[str], status: int, words: str) -> None:
    """In one line, without a secret, and nothing changes."""
    before = sql("SELECT * FROM services")
    outcome = cli(*flags)

    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (status, "", 1)
    assert words in outcome.err
    assert sql("SELECT * FROM services") == before
