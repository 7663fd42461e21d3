"""The last release and this code serve side by side, before, while and after the tables are brought up to date."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from CreateDB.tables.upgrade import upgrade
from testing.api import CHEAP_ENVIRONMENT, SignedIn, StartApi, enable_totp, register, sign_in
from testing.last_release import NoHistory, find_last_release, unpack
from testing.ledger import OK, UNAVAILABLE, Ledger
from testing.people import Reader, Writer
from testing.processes import Server, free_port
from testing.required import missing
from testing.town import Town

LONGEST_WAIT = 60  # seconds

MakeUpTo = Callable[[str, str], None]


@pytest.fixture
def migrated_url(empty_url: str) -> str:
    """Let the new API be started on the database that the old one has."""
    return empty_url


@pytest.fixture
def start_old(tmp_path: Path, empty_url: str, make_up_to: MakeUpTo) -> Iterator[Callable[..., Server]]:
    """Make the tables of the last release, and give a function that starts its API."""
    try:
        revision = unpack(find_last_release(), tmp_path)
    except NoHistory as reason:
        missing("history", str(reason))
    make_up_to(empty_url, revision)
    port, started = free_port(), ExitStack()

    def start(**settings: str) -> Server:
        log = tmp_path / "old.log"
        environment = {"PYTHONPATH": str(tmp_path / "Login"), "MAIL_DIR": str(tmp_path / "mail"), **settings}
        server = Server(["-m", "uvicorn", "app.main:app", "--port", str(port)], environment, port, log)
        started.callback(server.stop)
        server.start("/healthz")
        return server

    with started:
        yield start


def wander(user: SignedIn, *servers: httpx2.Client) -> None:
    """Refresh and look at one server after the other, as behind a balancer."""
    for http in servers:
        user.http = http
        assert user.refresh().status_code == OK
        assert user.get("/user/profile").status_code == OK


@pytest.mark.parametrize("empty_url", ["mariadb"], indirect=True)
def test_replicas_are_replaced_one_by_one(
    empty_url: str, start_old: Callable[..., Server], start_api: StartApi
) -> None:
    """No answer but 200 for anybody, whichever version they meet, and nothing that was written is lost."""
    alike = {"JWT_SECRET_KEY": secrets.token_urlsafe(32), "DATABASE_URL": empty_url, "RATE_LIMITS_ENABLED": "false"}
    old_server, new_server = start_old(**alike, **CHEAP_ENVIRONMENT), start_api(**alike)
    with (
        httpx2.Client(base_url=old_server.url, timeout=60) as old,
        httpx2.Client(base_url=new_server.url, timeout=60) as new,
    ):
        assert (old.get("/readyz").status_code, new.get("/readyz").status_code) == (OK, UNAVAILABLE)
        (books, later), early = (Ledger(), Ledger()), sign_in(old, register(old, "early"))
        before = [Reader(books, [old], early), Writer(books, [old], early)]
        with Town(before):
            books.wait_for_writes(1, LONGEST_WAIT)
            upgrade(empty_url)
            assert (old.get("/readyz").status_code, new.get("/readyz").status_code) == (OK, OK)
            late = sign_in(new, register(new, "late"))
            after = [Reader(later, [new], late), Writer(later, [new], late)]
            with Town(after):
                for user in (sign_in(new, early.person), sign_in(old, late.person)):
                    wander(user, old, new, old, new)
                    wander(enable_totp(user), old, new)
                    sign_in(old, user.person, totp=user.code())
                later.wait_for_writes(1, LONGEST_WAIT)
            books.wait_for_writes(1, LONGEST_WAIT)
        for habit in (*before, *after):
            habit.processes = [old, new]
            habit.audit()

        assert books.faults + later.faults == []
        assert books.statuses | later.statuses == {OK}
