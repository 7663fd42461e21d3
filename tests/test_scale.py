"""The page on scale: its table is what its assumptions come to, and they are the code's where they are ours."""

import re
from pathlib import Path

import pytest

from app.config import Settings
from scripts import scale

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
PERFORMANCE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


def test_the_table_is_what_was_worked_out() -> None:
    """Whoever changes an assumption writes the table anew: `python scripts/scale.py`."""
    assert scale.write_table() in PAGE


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        (r"0\.3 \| assumed: a session", [scale.SIGN_INS]),
        (r"\| (\d+) times \| assumed", [scale.PEAK]),
        (r"(\d+) each \| assumed", [scale.REFRESHES]),
        (r"introspections \| (\d+) \|", [scale.CALLS]),
        (r"hashes a second and core \| ([\d.]+) \|", [scale.HASHES]),
        (r"known address, mail \| (\d+), (\d+), (\d+), (\d+), (\d+) \|", [*scale.BYTES.values()]),
        (r"an address that calls \| (\d+) bytes", [scale.BYTES_OF_WINDOW]),
        (r"([\d.]+) ms and ([\d.]+) ms of a core", [scale.READ * 1000, scale.DATABASE_READ * 1000]),
    ],
)
def test_the_page_names_what_it_rests_on(words: str, figures: list[float]) -> None:
    """Each figure that the table is made of stands beside where it comes from."""
    found = re.search(words, PAGE)

    assert found
    assert [float(number) for number in found.groups()] in ([], pytest.approx(figures))


def test_what_was_measured_stands_in_the_measurements() -> None:
    """The hashes and the calls are those of docs/performance.md, and what is kept is kept by default."""
    assert f"{2 * scale.HASHES:.1f} and 11.5 verifications" in PERFORMANCE
    assert "reads of 0.57 ms, 0.11 ms of the database each" in PERFORMANCE
    assert f"({scale.READ * 1000:.2f} ms against" in PERFORMANCE
    assert Settings.model_fields["events_keep_days"].default.days == scale.YEAR
    assert Settings.model_fields["remember_me_days"].default.days == scale.MONTH
