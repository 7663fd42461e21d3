"""The counters for Prometheus: who may read them, what they say, and that several workers add up to one answer."""

import re
import secrets
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.main import create_app
from testing.api import MakeSettings, RunSql, SignedIn, StartApi, register, sign_in

TOKEN = secrets.token_urlsafe(32)
AS_PROMETHEUS = {"Authorization": f"Bearer {TOKEN}"}


def values(text: str, name: str, **labels: str) -> list[float]:
    """Return the values of a metric's lines that carry these labels."""
    lines = [line for line in text.splitlines() if re.match(rf"{name}[ {{]", line)]
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return [float(line.rsplit(" ", 1)[1]) for line in lines if all(label in line for label in wanted)]


def read(api: TestClient, name: str, **labels: str) -> float:
    """Read one metric now; nothing counted yet is 0."""
    answer = api.get("/metrics")
    assert answer.status_code == 200, answer.text
    return sum(values(answer.text, name, **labels))


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_forwarded_requests_are_not_from_this_machine(api: TestClient, header: str) -> None:
    """A reverse proxy on the same machine does not open the counters to the world."""
    answer = api.get("/metrics", headers={header: "127.0.0.1"})

    assert (answer.status_code, answer.json()["code"]) == (403, "metrics_forbidden")


@pytest.mark.asvs("13.4.5")
@pytest.mark.parametrize("peer", [("192.0.2.7", 50000), ("127.0.0.1", 0)])
def test_strangers_are_refused(make_settings: MakeSettings, migrated_url: str, peer: tuple[str, int]) -> None:
    """Neither another machine, nor one that uvicorn took out of a header, reads the counters without a token."""
    with TestClient(create_app(make_settings(migrated_url)), client=peer) as api:
        assert api.get("/metrics").status_code == 403


@pytest.mark.asvs("13.4.5")
def test_with_a_token_only_its_owner_reads(make_settings: MakeSettings, migrated_url: str) -> None:
    """With METRICS_TOKEN set it opens from anywhere, and nothing else opens, on the machine itself neither."""
    settings = make_settings(migrated_url, metrics_token=TOKEN)
    with TestClient(create_app(settings), client=("192.0.2.7", 50000)) as api:
        assert api.get("/metrics", headers=AS_PROMETHEUS).status_code == 200
        assert api.get("/metrics", headers={"Authorization": b"Bearer wrong-\xe9"}).status_code == 401
        assert api.get("/metrics").headers["WWW-Authenticate"].startswith("Bearer")
    with TestClient(create_app(settings), client=("127.0.0.1", 50000)) as api:
        user = sign_in(api, register(api, "prometheus"))
        assert user.get("/metrics").status_code == 401


def test_logins_and_refreshes_are_counted_by_outcome(api: TestClient, user: SignedIn) -> None:
    """A guessing attack and a wave of reused tokens show, each under the code of its refusal."""
    before = {outcome: read(api, "pupero_outcomes_total", route="/login", outcome=outcome) for outcome in OUTCOMES}
    api.post("/login", json={"email": user.person.email, "password": "wrong and wrong again"})
    sign_in(api, user.person)
    api.post("/login", json={"email": 7})

    after = {outcome: read(api, "pupero_outcomes_total", route="/login", outcome=outcome) for outcome in OUTCOMES}
    assert {outcome: after[outcome] - before[outcome] for outcome in OUTCOMES} == dict.fromkeys(OUTCOMES, 1)

    before_ok = read(api, "pupero_outcomes_total", route="/refresh", outcome="ok")
    user.refresh()
    api.post("/refresh", json={"refresh_token": "nonsense"})
    assert read(api, "pupero_outcomes_total", route="/refresh", outcome="ok") - before_ok == 1
    assert read(api, "pupero_outcomes_total", route="/refresh", outcome="token_invalid") >= 1


OUTCOMES = ("ok", "invalid_credentials", "validation_error")


def test_strange_paths_and_methods_make_no_metric_of_their_own(api: TestClient, user: SignedIn) -> None:
    """Whoever asks for a million paths does not fill Prometheus: paths are counted by their template, or as none."""
    for _ in range(3):
        api.get(f"/{secrets.token_hex(8)}")
        user.call("DELETE", f"/user/sessions/{secrets.token_hex(8)}")
    api.request("BREW", "/healthz")

    text = api.get("/metrics").text
    routes = set(re.findall(r'pupero_request_seconds_count\{.*?route="([^"]*)"', text))
    assert {"none", "/user/sessions/{session_id}"} <= routes
    assert len(routes) < 60
    assert "BREW" not in text
    assert user.person.email not in text


def test_durations_queue_and_pool_are_there(api: TestClient, user: SignedIn) -> None:
    """What an operator watches has a number."""
    user.get("/user/profile")
    text = api.get("/metrics").text

    assert values(text, "pupero_request_seconds_count", method="GET", route="/user/profile", status="200")[0] >= 1
    assert values(text, "pupero_hash_queue_depth") == [0]
    assert values(text, "pupero_hash_expected_wait_seconds") == [0]
    assert values(text, "pupero_unhandled_errors_total")[0] >= 0
    assert len(values(text, "pupero_database_connections")) == 4


def test_the_mail_queue_tells_how_old_it_is(api: TestClient, sql: RunSql) -> None:
    """A mail server that is down since a quarter of an hour is seen before people complain."""
    sql("DELETE FROM mails")
    assert read(api, "pupero_mail_queue_depth") == 0
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 900))
    columns = "message_id, kind, state, tries, next_try_at, created_at"
    sql(f"INSERT INTO mails ({columns}) VALUES ('m1', 'welcome', 'queued', 3, '{when}', '{when}')")  # noqa: S608
    sql(f"INSERT INTO mails ({columns}) VALUES ('m2', 'welcome', 'sent', 1, '{when}', '{when}')")  # noqa: S608

    assert read(api, "pupero_mail_queue_depth") == 1
    assert 890 < read(api, "pupero_mail_queue_age_seconds") < 960


def test_without_the_database_the_rest_is_told(make_settings: MakeSettings, tmp_path: Path) -> None:
    """Metrics matter most while something is broken."""
    settings = make_settings(f"sqlite:///{(tmp_path / 'nowhere' / 'none.sqlite3').as_posix()}")
    with TestClient(create_app(settings), client=("127.0.0.1", 50000)) as api:
        text = api.get("/metrics").text

    assert values(text, "pupero_request_seconds_count") != []
    assert values(text, "pupero_mail_queue_depth") == []


def total(http: Any, url: str, **labels: str) -> float:
    """Ask over a fresh connection, which any of the workers may take."""
    answer = http.get(f"{url}/metrics", headers={**AS_PROMETHEUS, "Connection": "close"})
    return sum(values(answer.text, "pupero_request_seconds_count", **labels))


def test_two_workers_answer_as_one(start_api: StartApi, tmp_path: Path) -> None:
    """Whichever worker is asked, it tells the sum: every request once, and the gauges of the living only."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    server = start_api(workers=2, PROMETHEUS_MULTIPROC_DIR=str(folder), METRICS_TOKEN=TOKEN)
    gone = folder / f"gauge_livesum_{2**22 + 1}.db"  # above the highest process id that Linux gives
    gone.write_bytes(next(folder.glob("gauge_livesum_*.db")).read_bytes())
    with httpx2.Client() as http:
        before = total(http, server.url, route="/healthz")
        for _ in range(40):
            http.get(f"{server.url}/healthz", headers={"Connection": "close"})
        told = {total(http, server.url, route="/healthz") for _ in range(10)}

    assert told == {before + 40}
    assert len(list(folder.glob("histogram_*.db"))) == len(list(folder.glob("gauge_livesum_*.db"))) == 2
    assert not gone.exists()
