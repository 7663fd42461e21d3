"""Times as people say them, in words of the catalogue."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from FlaskProject.rendering import times
from FlaskProject.rendering.times import ago, clock_time, date

NOW = datetime(2026, 5, 3, 14, 2, tzinfo=UTC)


class Stopped:
    """A clock that stands."""

    @staticmethod
    def now(_zone: object) -> datetime:
        """Tell the one time."""
        return NOW


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass."""
    monkeypatch.setattr(times, "datetime", Stopped)


def test_a_moment_of_today_needs_no_date() -> None:
    """`14:02 UTC`, whatever zone the moment was told in."""
    assert clock_time(NOW.astimezone(timezone(timedelta(hours=9)))) == "14:02 UTC"


def test_other_days_have_theirs() -> None:
    """Day, month and year, and the day of UTC."""
    late = datetime(2025, 5, 3, 23, 30, tzinfo=timezone(timedelta(hours=-2)))

    assert clock_time(late) == "4 May 2025, 01:30 UTC"
    assert [date(datetime(2025, month, 1, tzinfo=UTC)).split()[1][:3] for month in range(1, 13)] == MONTHS


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (3 * 3600, "3 hours ago"),
        (86400, "1 day ago"),
        (40 * 86400, "1 month ago"),
        (800 * 86400, "2 years ago"),
    ],
)
def test_how_long_ago(seconds: int, words: str) -> None:
    """In the largest unit that fits; a clock a little ahead is no riddle."""
    assert ago(NOW - timedelta(seconds=seconds)) == words
