"""The password: where it comes from, and that every character of it arrives."""

import os
import string
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import URL, make_url

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]

EVERYTHING = " " + string.digits + string.ascii_letters + string.punctuation + " "


@pytest.fixture
def account(make_account: Callable[..., Any], free_name: str) -> Any:
    """Make an account whose password has every printable character, a blank at each end included."""
    return make_account(EVERYTHING, f"ALL PRIVILEGES ON {free_name}.*")


def test_every_printable_character_by_flag(account: Any, free_name: str, run: Run) -> None:
    """A password of every printable ASCII character works as a flag, and is warned about."""
    outcome = run(*account.flags(free_name), "--create-database", f"--password={EVERYTHING}")

    assert outcome.status == 0
    assert outcome.err.startswith("Warning: a password on the command line can be read in the process list")
    assert outcome.err.count("\n") == 1


def test_every_printable_character_by_variable(
    account: Any, free_name: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same password works as DB_PASSWORD, also to complete a --url, without a warning."""
    monkeypatch.setenv("DB_PASSWORD", EVERYTHING)
    server = make_url(account.server)
    url = URL.create(server.drivername, account.user, host=server.host, port=server.port, database=free_name)

    assert run(*account.flags(free_name), "--create-database").status == 0
    outcome = run("--url", url.render_as_string(hide_password=False), "--check")
    assert (outcome.status, outcome.err) == (0, "")


def test_every_printable_character_inside_a_url(account: Any, free_name: str, run: Run) -> None:
    """The same password works percent-encoded in --url, and is warned about."""
    url = make_url(account.server).set(username=account.user, password=EVERYTHING, database=free_name)

    outcome = run("--url", url.render_as_string(hide_password=False), "--create-database")

    assert outcome.status == 0
    assert outcome.err.startswith("Warning: ")


@pytest.mark.skipif(os.name == "nt", reason="there is no pseudo-terminal there")
@pytest.mark.asvs("6.2.6")
def test_the_prompt_hides_what_is_typed(account: Any, free_name: str, start: Start) -> None:
    """With a terminal the password is asked for, and not one character of it is shown."""
    terminal, other_end = os.openpty()
    process = start(*account.flags(free_name), "--create-database", stdin=other_end, DB_PASSWORD="")
    assert process.stderr is not None
    asked = process.stderr.read(len("Password of"))  # by now the terminal has stopped showing what is typed
    os.write(terminal, EVERYTHING.encode() + b"\n")
    out, err = process.communicate(timeout=60)
    os.set_blocking(terminal, False)
    shown = os.read(terminal, 1000).decode() if _has_output(terminal) else ""
    os.close(terminal)
    os.close(other_end)

    assert asked == "Password of"
    assert process.returncode == 0, err
    assert "abc" not in shown + out + err


def test_an_explicit_empty_flag_beats_the_variable(make_account: Callable[..., Any], free_name: str, run: Run) -> None:
    """--password '' is the empty password, even while DB_PASSWORD holds another; it gets no warning."""
    account = make_account("", f"ALL PRIVILEGES ON {free_name}.*")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DB_PASSWORD", "wrong")
        outcome = run(*account.flags(free_name), "--create-database", "--password", "")

    assert (outcome.status, outcome.err) == (0, "")


def test_the_flag_beats_the_variable(account: Any, free_name: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--password wins over DB_PASSWORD, even when it is the wrong one."""
    monkeypatch.setenv("DB_PASSWORD", EVERYTHING)

    outcome = run(*account.flags(free_name), "--password", "wrong")

    assert outcome.status == 1
    assert "refused the user or the password" in outcome.err


@pytest.mark.parametrize("variable", [{}, {"DB_PASSWORD": ""}])
def test_no_password_and_no_terminal_ends_at_once(start: Start, finish: Run, variable: dict[str, str]) -> None:
    """In a script without a password, nobody is asked and nothing waits; an empty variable counts as none."""
    began = time.monotonic()
    outcome = finish(start("--user", "u", "--database", "d", **variable))

    assert time.monotonic() - began < 60  # a machine may be busy; a question would wait for ever
    assert outcome.status == 1
    assert outcome.err == (
        "Error: No password, and no terminal to ask for it. "
        "Set DB_PASSWORD, or give --password '' for an account without.\n"
    )


def _has_output(terminal: int) -> bool:
    import select  # noqa: PLC0415 sockets only on Windows, where this never runs

    return bool(select.select([terminal], [], [], 0.2)[0])
