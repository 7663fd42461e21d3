"""--doctor measures a password hash with huge pages and without, where the machine grants them on request."""

import pytest

from app.runtime.huge_pages import TUNABLE, are_for_who_asks
from CreateDB.doctor.huge_pages import examine_huge_pages
from testing.api import MakeSettings

pytestmark = pytest.mark.skipif(not are_for_who_asks(), reason="this machine grants none on request")


def test_both_are_measured_and_who_asks_for_them_has_nothing_to_do(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they bring here, no fix is named."""
    monkeypatch.setenv("GLIBC_TUNABLES", TUNABLE)
    [found] = examine_huge_pages(make_settings("sqlite:///unused"))

    assert (found.id, found.verdict, found.fix) == ("huge_pages", "ok", None)
    assert "with huge pages, which are asked for here, and" in found.finding


def test_who_does_not_ask_for_them_is_told_what_that_costs(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is wrong, so that the verdict stays."""
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")
    [found] = examine_huge_pages(make_settings("sqlite:///unused"))

    assert (found.id, found.verdict) == ("huge_pages", "ok")
    assert "with huge pages, which are not asked for here, and" in found.finding
