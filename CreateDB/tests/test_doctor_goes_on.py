"""--doctor goes on: what one examination fails at is a finding under its own id, and costs no other."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from app.config import Settings
from CreateDB.doctor import report

Run = Callable[..., Any]
Diagnose = Callable[..., dict[str, dict[str, Any]]]

PASSWORD = secrets.token_urlsafe(32)
ALWAYS = {"settings", "pages_settings", "database"}
ON_SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
SERVER = f"//u:{PASSWORD}@127.0.0.1:1/pupero"


@pytest.fixture
def diagnose(run: Run, monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    """Give a function that examines an installation for development, and returns the findings by id."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setattr("FlaskProject.config.load_config.__defaults__", (None, Path(os.devnull)))

    def diagnose(url: str, **settings: str) -> dict[str, dict[str, Any]]:
        known = {"DATABASE_URL": url, "JWT_SECRET_KEY": secrets.token_urlsafe(32)}
        known |= {"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME_COST": "1", "SECRET_KEY": secrets.token_urlsafe(32)}
        for name, value in {**known, **settings}.items():
            monkeypatch.setenv(name, value)
        outcome = run("--doctor", "--json")
        assert outcome.err == ""
        assert PASSWORD not in outcome.out
        findings = json.loads(outcome.out)
        assert len({one["id"] for one in findings}) == len(findings)
        assert all(one["fix"] for one in findings if one["verdict"] != "ok")
        return {one["id"]: one for one in findings}

    return diagnose


@ON_SQLITE
def test_pages_whose_packages_are_elsewhere(
    diagnose: Diagnose, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only CreateDB/requirements.txt is installed, the pages' settings are left to where they run."""
    monkeypatch.delitem(sys.modules, "FlaskProject.config")
    monkeypatch.delitem(sys.modules, "FlaskProject.settings.stray_env")
    monkeypatch.setitem(sys.modules, "click", None)
    findings = diagnose(migrated_url)

    assert findings["pages_settings"]["verdict"] == "ok"
    assert "not installed beside this command" in findings["pages_settings"]["finding"]
    assert findings["database"]["verdict"] == "ok"


@ON_SQLITE
def test_a_file_of_somebody_else_s(diagnose: Diagnose, migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages' .env that this account may not read is named, and the database is examined all the same."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/srv/{pages}/.env")

    monkeypatch.setattr("FlaskProject.config.load_config", refuse)
    findings = diagnose(migrated_url)

    assert findings["pages_settings"]["verdict"] == "failure"
    assert "/srv/{pages}/.env" in findings["pages_settings"]["finding"]
    assert findings["schema"]["verdict"] == "ok"


@pytest.mark.parametrize(("driver", "option"), [("nosuch", ""), ("mariadbconnector", "?nosuch=1")])
def test_a_url_that_cannot_connect(diagnose: Diagnose, driver: str, option: str) -> None:
    """A driver or an option that does not exist is a finding like a server that is away."""
    findings = diagnose(f"mariadb+{driver}:{SERVER}{option}")

    assert findings.keys() >= ALWAYS
    assert findings["database"]["verdict"] == "failure"
    assert findings["pages_settings"]["verdict"] == "ok"
    assert findings["jwt_secret_key"]["verdict"] == "ok"
    assert (": nosuch." in findings["database"]["finding"]) == bool(option)


@contextmanager
def limited_memory(limit: int) -> Iterator[None]:
    """Grant this process no more memory than so many bytes."""
    import resource  # noqa: PLC0415 not on Windows

    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@ON_SQLITE
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold a process to its limit")
def test_hashes_beyond_the_memory(diagnose: Diagnose, migrated_url: str) -> None:
    """A hash that finds no memory is a failure that says so, and how much all of them take is told too."""
    with limited_memory(3 * 1024**3):
        findings = diagnose(migrated_url, ARGON2_MEMORY_KIB=str(4 * 1024**2))

    assert findings["argon2_time"]["verdict"] == "failure"
    assert "no password can be hashed" in findings["argon2_time"]["finding"].lower()
    assert "ARGON2_MEMORY_KIB" in findings["argon2_time"]["fix"]
    assert "argon2_memory" in findings
    assert findings["database"]["verdict"] == "ok"


def test_a_database_without_tables(diagnose: Diagnose, empty_url: str) -> None:
    """The schema is what is missing, under its id alone; the connection is well, and so is the rest that needs none."""
    if empty_url.startswith("sqlite"):
        Path(make_url(empty_url).database or "").touch()
    findings = diagnose(empty_url)

    assert [one for one, found in findings.items() if found["verdict"] == "failure"] == ["schema"]
    assert findings["database"]["verdict"] == findings["clock"]["verdict"] == "ok"
    assert not findings.keys() & {"tables", "secrets_at_rest", "passkeys_domain"}
    assert ("database_rights" in findings) == empty_url.startswith("mariadb")


def test_an_examination_that_fails(diagnose: Diagnose, migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in one, it is told under its id, and those that follow use the same connection."""

    def fail(_settings: object, connection: Any) -> Any:
        yield connection.exec_driver_sql("SELECT * FROM no_such_table")

    monkeypatch.setitem(report.OF_DATABASE, "clock", fail)
    findings = diagnose(migrated_url)

    assert findings["clock"]["verdict"] == "failure"
    assert findings["clock"]["finding"].startswith("This could not be examined: ")
    assert findings["secrets_at_rest"]["verdict"] == "ok"


@ON_SQLITE
def test_a_key_that_is_not_set_is_not_called_strong(diagnose: Diagnose, migrated_url: str) -> None:
    """The key that the pages draw where none is set ends with its process, which is worth a word."""
    finding = diagnose(migrated_url, SECRET_KEY="")["secret_key"]

    assert (finding["verdict"], finding["finding"].startswith("SECRET_KEY is not set: ")) == ("warning", True)
