"""Huge pages for password hashes: the API says once what it would gain by them, and nothing where it has them."""

import sys
from pathlib import Path

import pytest

from app.runtime.huge_pages import TUNABLE, are_asked_for, are_for_who_asks
from testing.api import StartApi

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux grants them")


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [("always [madvise] never", True), ("[always] madvise never", False), ("always madvise [never]", False)],
)
def test_only_a_machine_that_grants_them_on_request_is_told_of(tmp_path: Path, kernel: str, expected: bool) -> None:
    """Where all have them, or nobody, the setting changes nothing."""
    granted = tmp_path / "enabled"
    granted.write_text(f"{kernel}\n", encoding="ascii")

    assert are_for_who_asks(granted) is expected
    assert not are_for_who_asks(tmp_path / "absent")


@pytest.mark.parametrize(("tuned", "expected"), [(TUNABLE, True), ("glibc.malloc.arena_max=1", False), ("", False)])
def test_who_has_asked_for_them_is_known(monkeypatch: pytest.MonkeyPatch, tuned: str, expected: bool) -> None:
    """Other settings of glibc's are not this one."""
    monkeypatch.setenv("GLIBC_TUNABLES", tuned)

    assert are_asked_for() is expected


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.skipif(not are_for_who_asks(), reason="this machine grants none on request")
def test_the_api_says_at_its_start_what_it_would_gain(start_api: StartApi) -> None:
    """Once, and no more once it has them."""
    without, with_ = start_api(), start_api(GLIBC_TUNABLES=TUNABLE)

    assert without.read_log().count("huge_pages_unused") == 1
    assert TUNABLE in without.read_log()
    assert "huge_pages_unused" not in with_.read_log()
