"""Servers that are set up otherwise than MariaDB itself: names kept small, a row format of long ago."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import make_url

from CreateDB.doctor.database import examine_rights
from CreateDB.models import metadata
from CreateDB.server.engine import make_engine
from CreateDB.tables.lock import lock_name
from testing.mariadb_server import MariadbControl, unavailable
from testing.required import missing

Run = Callable[..., Any]

PASSWORD = "violet-kettle-73-orbit"
# The first is the default on Windows, and offered by clouds; the second stands in configurations made for MariaDB 5.5.
ODD = ("--lower-case-table-names=1", "--innodb-default-row-format=compact")


@pytest.fixture(scope="module")
def odd_server() -> Iterator[str]:
    """Give the URL, without a database, of a private server with both oddities."""
    if (reason := unavailable()) is not None:
        missing("mariadb", reason)
    control = MariadbControl(flags=ODD)
    control.start()
    yield control.url
    control.remove()


@pytest.fixture
def url(odd_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a database whose name has a capital, not made yet; it is dropped afterwards."""
    monkeypatch.setenv("APP_PASSWORD", PASSWORD)
    yield f"{odd_server}Pupero_Odd"
    with make_engine(odd_server).begin() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS Pupero_Odd")
        connection.exec_driver_sql("DROP USER IF EXISTS pupero_odd_app")


def test_the_same_command_works_twice(url: str, run: Run) -> None:
    """The server tells of grants on `pupero_odd`: they are the account's own, and the only ones that it needs."""
    flags = ["--url", url, "--create-database", "--create-app-user", "pupero_odd_app"]

    outcomes = [run(*flags) for _ in range(2)]

    assert [(outcome.status, outcome.err) for outcome in outcomes] == [(0, ""), (0, "")]


def test_the_doctor_knows_the_account_s_own_rights(url: str, run: Run) -> None:
    """What --create-app-user has made is nothing that --doctor warns of."""
    assert run("--url", url, "--create-database", "--create-app-user", "pupero_odd_app").status == 0
    own = make_url(url).set(username="pupero_odd_app", password=PASSWORD)

    with make_engine(own).connect() as connection:
        findings = list(examine_rights(None, connection))

    assert [finding.verdict for finding in findings] == ["ok"]


def test_two_spellings_of_one_database_wait_for_each_other(url: str, run: Run) -> None:
    """The migration lock belongs to the database, however its name is typed."""
    assert run("--url", url, "--create-database").status == 0

    with make_engine(url).connect() as one, make_engine(url.replace("Pupero_Odd", "PUPERO_ODD")).connect() as two:
        assert lock_name(one) == lock_name(two)


def test_every_table_names_its_row_format(url: str, run: Run) -> None:
    """A server whose default has no room for our indexes makes them all the same."""
    outcome = run("--url", url, "--create-database")

    assert (outcome.status, outcome.err) == (0, "")
    with make_engine(url).connect() as connection:
        formats: dict[str, str] = dict(
            connection.exec_driver_sql(
                "SELECT table_name, row_format FROM information_schema.tables WHERE table_schema = database()"
            ).all()
        )
    assert {formats[name] for name in metadata.tables} == {"Dynamic"}


def test_models_name_it_too(url: str, odd_server: str) -> None:
    """Tables that are made from the models, as measurements do, need no other server either."""
    with make_engine(odd_server).begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE Pupero_Odd")

    metadata.create_all(make_engine(url))
