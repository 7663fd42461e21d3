"""Colours: text stands out by 7 to 1 in light and dark (WCAG 2.2, 1.4.6), worked out without a browser."""

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).resolve().parents[1] / "static" / "style.css").read_text(encoding="utf-8")
LIGHT, DARK = STYLE.split("@media (prefers-color-scheme: dark)", 1)
PAPERS = ("paper", "surface", "tint")
# Each colour of text, and what it stands on.
TEXT = {
    "ink": (*PAPERS, "wrong-tint", "right-tint", "heed-tint"),
    "soft": PAPERS,
    "accent": (*PAPERS, "right-tint", "heed-tint"),
    "accent-deep": PAPERS,
    "on-accent": ("accent", "accent-deep"),
    "wrong": ("surface", "wrong-tint"),
    "surface": ("wrong",),
    "right": ("surface", "right-tint"),
    "heed": ("heed-tint",),
}


def luminance(colour: str) -> float:
    """Return the relative luminance that WCAG defines."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return how far two colours are apart, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK.partition("*,")[0]], ids=["light", "dark"])
def test_text_stands_out(scheme: str) -> None:
    """On each of the grounds that it is written on."""
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", scheme))
    pairs = {(text, ground): contrast(colours[text], colours[ground]) for text in TEXT for ground in TEXT[text]}

    assert {pair: round(ratio, 2) for pair, ratio in pairs.items() if ratio < 7} == {}
