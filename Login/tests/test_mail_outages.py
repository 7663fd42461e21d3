"""A mail server that is dead for an hour: every mail leaves once when it is back, and none says what it cannot keep."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.config import Settings
from testing.ageing import age_mails
from testing.api import RunSql, SignedIn, register
from testing.mail import deliver_due, links_of
from testing.smtp import Sink

TEN_MINUTES = 600  # seconds
WAITING = "SELECT message_id FROM mails WHERE state = 'queued' ORDER BY id"


@pytest.fixture
def settings_changes(smtp_sink: Sink) -> dict[str, Any]:
    """Let mails go to the server."""
    return smtp_sink.settings


@pytest.fixture
def hour(user: SignedIn, settings: Settings, smtp_sink: Sink, sql: RunSql) -> list[str]:
    """Let an hour pass in which people go on, a worker tries, and nothing leaves; give the ids of what waits."""
    sql("UPDATE users SET email_verified_at = created_at")  # who hears of every change
    deliver_due(settings)
    smtp_sink.stop()
    smtp_sink.taken.clear()
    user.http.post("/password/reset", json={"email": user.person.email})
    for number in range(6):
        register(user.http, f"person{number}")
        user.update(phrase=f"phrase {number}")
        assert deliver_due(settings) is False
        age_mails(sql, TEN_MINUTES)
    return [message_id for (message_id,) in sql(WAITING)]


def test_an_hour_without_a_server_loses_and_doubles_nothing(
    hour: list[str], settings: Settings, smtp_sink: Sink, sql: RunSql
) -> None:
    """Two workers find it back: each mail leaves once, with the date of its cause, by which mailboxes sort."""
    smtp_sink.start()
    with ThreadPoolExecutor(2) as workers:
        back = list(workers.map(deliver_due, [settings] * 2))
    left = Counter(each.strip("<>").partition("@")[0] for each in smtp_sink.ids.elements())
    dates = {str(mail["To"]): parsedate_to_datetime(str(mail["Date"])) for mail in smtp_sink.taken}
    newcomers = [dates[f"person{number}@example.com"] for number in range(6)]

    assert back == [True, True]
    assert left == Counter(hour)
    assert len(hour) == 13  # a link to a new password, six newcomers, six changes
    assert sql(WAITING) == []
    assert min((later - earlier).total_seconds() for earlier, later in pairwise(newcomers)) >= TEN_MINUTES


def test_links_from_before_the_outage_are_good_for_what_they_say(
    hour: list[str], api: TestClient, user: SignedIn, settings: Settings, smtp_sink: Sink
) -> None:
    """A reset's half hour is over, as the mail's date says; a link for a day works, and so does a new reset."""
    smtp_sink.start()
    deliver_due(settings)
    late, verify = find_link(smtp_sink, "/password/reset"), find_link(smtp_sink, "/email/verify")
    expired = confirm(api, late)
    verified = api.post("/email/verify", json={"token": verify})
    api.post("/password/reset", json={"email": user.person.email})
    deliver_due(settings)
    again = confirm(api, find_link(smtp_sink, "/password/reset"))

    assert (expired.status_code, expired.json()["code"]) == (400, "link_invalid")
    assert (verified.status_code, again.status_code) == (200, 200)


def find_link(sink: Sink, page: str) -> str:
    """Return the token of the latest link to a page."""
    tokens = [links_of(mail).get(page) for mail in sink.taken]
    return [token for token in tokens if token][-1]


def confirm(api: TestClient, token: str) -> Any:
    """Choose a new password by a link's token."""
    return api.post("/password/reset/confirm", json={"token": token, "new_password": "a quite different one"})
