"""Several mail workers, real processes, killed ones; the command that runs them and looks after dead mails."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Connection
from starlette.testclient import TestClient

from app.config import Settings
from app.crud import accounts
from app.main import create_app
from app.resources import make_resources
from app.services.mails import queue_mail
from CreateDB.server.engine import make_engine
from testing.api import PRODUCTION, RunSql, register
from testing.mail import deliver_due
from testing.processes import ROOT
from testing.smtp import Sink, wait_until

COME_DUE = "UPDATE mails SET next_try_at = '2020-01-01 00:00:00' WHERE state = 'queued'"
COUNT = "SELECT count(*) FROM mails WHERE state = :state"
MAILS = 200

StartWorker = Callable[[], subprocess.Popen[bytes]]
RunCommand = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings_changes(smtp_sink: Sink) -> dict[str, Any]:
    """Let mails go to the server."""
    return smtp_sink.settings


@pytest.fixture
def environment(settings: Settings, smtp_sink: Sink) -> dict[str, str]:
    """Give what the command reads its settings from."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "JWT_SECRET_KEY": settings.jwt_secret_key.get_secret_value(),
        **smtp_sink.environment,
    }


@pytest.fixture
def start_worker(environment: dict[str, str], tmp_path: Path) -> Iterator[StartWorker]:
    """Give a function that starts a worker as a process of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / f"worker-{len(started)}.log").open("wb") as log:
            command = [sys.executable, "-m", "app.mail", "run"]
            process = subprocess.Popen(command, cwd=ROOT / "Login", env=environment, stdout=log, stderr=log)  # noqa: S603
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def run_command(environment: dict[str, str]) -> RunCommand:
    """Give a function that runs `python -m app.mail`."""

    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.mail", *arguments]
        return subprocess.run(  # noqa: S603
            command, cwd=ROOT / "Login", env=environment | changes, capture_output=True, text=True, check=False
        )

    return run


def queue_many(settings: Settings, count: int) -> None:
    """Queue mails to the one account there is."""
    resources, engine = make_resources(settings), make_engine(settings.database_url.get_secret_value())

    def queue(connection: Connection) -> None:
        person = accounts.find_addressee(connection, "alice@example.com")
        assert person is not None
        for _ in range(count):
            queue_mail(connection, resources, person, "email_moved_away", None, facts={"new_email": "a@example.org"})

    with engine.begin() as connection:
        queue(connection)
    engine.dispose()
    resources.close()


def test_many_mails_through_two_workers_and_a_killed_one(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql, start_worker: StartWorker
) -> None:
    """None is lost and each goes out once, save the one that the killed worker had in its hands."""
    register(api)
    sql("DELETE FROM mails")
    sql("UPDATE users SET email_verified_at = created_at")  # who may get many
    queue_many(settings, MAILS)
    workers = [start_worker() for _ in range(3)]
    wait_until(lambda: len(smtp_sink.taken) >= 20)
    workers[0].kill()
    workers[0].wait()
    wait_until(lambda: sum(smtp_sink.ids.values()) >= MAILS - 1)
    sql("UPDATE mails SET next_try_at = '2020-01-01 00:00:00' WHERE state = 'queued' AND tries = 1")
    wait_until(lambda: len(smtp_sink.ids) == MAILS and sql(COUNT, state="sent")[0][0] == MAILS)

    assert sum(smtp_sink.ids.values()) - MAILS <= 1


def test_a_killed_workers_claim_is_taken_over(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql, start_worker: StartWorker
) -> None:
    """Until its lease ends nobody else tries that mail; afterwards somebody does."""
    smtp_sink.seconds = 60
    register(api)
    process = start_worker()
    wait_until(lambda: smtp_sink.begun)
    process.send_signal(signal.SIGKILL)
    process.wait()
    smtp_sink.restart()
    smtp_sink.seconds = 0
    deliver_due(settings)
    before = list(smtp_sink.ids.values())
    sql(COME_DUE)
    deliver_due(settings)

    assert (before, list(smtp_sink.ids.values())) == ([], [1])


def test_the_command_delivers_and_stops_in_order(
    api: TestClient, smtp_sink: Sink, sql: RunSql, start_worker: StartWorker
) -> None:
    """`python -m app.mail run` is the worker alone; SIGTERM ends it once the mail under way is out."""
    smtp_sink.seconds = 0.3
    register(api)
    process = start_worker()
    wait_until(lambda: smtp_sink.begun)
    process.terminate()

    assert process.wait(60) == 0
    assert sql(COUNT, state="sent")[0][0] == 1


@pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
def test_dead_mails_are_listed_and_tried_again(
    api: TestClient, settings: Settings, smtp_sink: Sink, sql: RunSql, run_command: RunCommand
) -> None:
    """An operator sees which mails were given up, never what they say, and queues one or all of them again."""
    smtp_sink.refused = {"alice@example.com": "550 no", "bob@example.com": "550 no"}
    register(api, "alice")
    register(api, "bob")
    deliver_due(settings)
    smtp_sink.refused = {}
    listed = run_command("list-dead")
    first = listed.stdout.split()[0]
    retried, unknown = run_command("retry", first), run_command("retry", first)
    deliver_due(settings)
    one = len(smtp_sink.taken)
    rest = run_command("retry-all")
    deliver_due(settings)

    assert (len(listed.stdout.splitlines()), "example.com" in listed.stdout) == (2, False)
    assert (retried.returncode, unknown.returncode, one, rest.stdout) == (0, 1, 1, "1 mail is queued again.\n")
    assert sql(COUNT, state="sent")[0][0] == 2


def test_production_writes_no_mails_to_folders(run_command: RunCommand) -> None:
    """Without a server the command refuses to run there, in one sentence."""
    production = {name.upper(): str(value) for name, value in PRODUCTION.items()}
    answer = run_command("run", **production, SMTP_HOST="", PUBLIC_URL="https://example.com")

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("SMTP_HOST is not set")


def test_production_without_a_server_keeps_mails_queued(
    settings: Settings, api: TestClient, sql: RunSql, caplog: pytest.LogCaptureFixture
) -> None:
    """It starts, says so in the log, and keeps everything until SMTP_HOST is set."""
    register(api)
    changes = {"environment": "production", "smtp_host": None, "mail_worker": True}
    with TestClient(create_app(settings.model_copy(update=changes)), client=("127.0.0.1", 50000)) as production:
        register(production, "bob")

    assert "mail_kept_queued" in caplog.messages
    assert sql(COUNT, state="queued")[0][0] == 2
