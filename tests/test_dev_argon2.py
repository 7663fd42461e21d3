"""What dev.py does for password hashes: huge pages always, a build for this CPU where one was asked for."""

import os
import sys
from pathlib import Path

import pytest

from devtools import argon2, cli

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="huge pages and this build are Linux's")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give what stands beside a build that was made here."""
    built_for = tmp_path / "built-for"
    monkeypatch.setattr(argon2, "TARGET", tmp_path)
    monkeypatch.setattr(argon2, "BUILT_FOR", built_for)
    monkeypatch.setattr(argon2, "is_possible", lambda: True)
    built_for.write_text(argon2.fingerprint(), encoding="utf-8")
    return built_for


def test_the_api_is_started_with_huge_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to be built or set for them."""
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)

    service = cli.api(Path(sys.executable), 8000, 5000, {})

    assert service.environment["GLIBC_TUNABLES"] == argon2.HUGE_PAGES


def test_what_the_person_has_tuned_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets GLIBC_TUNABLES knows why."""
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")

    assert "GLIBC_TUNABLES" not in argon2.settings()


def test_a_build_is_used_once_it_was_made(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes before what is installed, and what the person has on the path stays behind it."""
    monkeypatch.setenv("PYTHONPATH", "/of/the/person")

    assert argon2.settings()["PYTHONPATH"].split(os.pathsep) == [str(kept.parent), "/of/the/person"]
    assert argon2.offer() == ""


@pytest.mark.parametrize("text", ["", "another processor, Python or source"])
def test_a_build_for_another_machine_is_not_used_but_offered_anew(kept: Path, text: str) -> None:
    """A folder is copied to another computer, whose processor may not know these instructions."""
    kept.write_text(text, encoding="utf-8")

    assert str(kept.parent) not in argon2.settings().get("PYTHONPATH", "")
    assert "python3 dev.py argon2" in argon2.offer()


def test_nothing_is_offered_where_nothing_can_be_compiled(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a compiler there is no line about it."""
    kept.unlink()
    monkeypatch.setattr(argon2, "is_possible", lambda: False)

    assert argon2.offer() == ""
