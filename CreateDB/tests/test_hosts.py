"""A DATABASE_URL with several hosts: the command takes one that is ready, and says of each what is wrong with it."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from testing.mariadb_server import MariadbControl

Run = Callable[..., Any]


@pytest.fixture
def silent(mariadb_control: MariadbControl) -> Iterator[str]:
    """Listen beside a server, at its port of another address, and never say a word."""
    with socket.create_server(("127.0.0.2", mariadb_control.port)):
        yield "127.0.0.2"


@pytest.fixture
def url(mariadb_control: MariadbControl, silent: str) -> str:
    """Name the silent one first."""
    return f"mariadb+mariadbconnector://root@{silent},127.0.0.1:{mariadb_control.port}/pupero"


@pytest.mark.parametrize("task", ["--check", "--list-users"])
def test_a_silent_host_is_passed_over(url: str, run: Run, task: str) -> None:
    """It costs a moment, and no task fails for it."""
    assert run("--url", url, "--create-database").err == ""
    outcome = run("--url", url, task)

    assert (outcome.status, outcome.err) == (0, "")


def test_each_host_is_named_with_what_is_wrong(url: str, mariadb_control: MariadbControl, run: Run) -> None:
    """One is silent, one does not run: the line tells them apart."""
    mariadb_control.stop()
    outcome = run("--url", url, "--check")

    assert outcome.status == 1
    assert "127.0.0.2: The server at 127.0.0.2" in outcome.err
    assert "127.0.0.1: No server answers at 127.0.0.1" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_the_doctor_examines_the_host_that_is_ready(url: str, run: Run) -> None:
    """A host that is silent does not keep the others from being examined."""
    run("--url", url, "--create-database")

    assert "Connected to" in run("--url", url, "--doctor").out
