"""An operator's own colour in tones that can be read in both schemes (WCAG 2.2); the pages reckon alike.

A tone is the colour with black or white in it, step by step until it stands out from everything that it is put on.
"""

import re
from functools import lru_cache
from typing import NamedTuple

COLOUR = re.compile(r"#?([0-9a-f]{6})", re.IGNORECASE)
ENOUGH = 4.5  # of text, success criterion 1.4.3; lines and the focus ring need 3 (1.4.11)
STEP = 5  # percent
GREY = 24  # the farthest that the channels of a colour are apart which nobody would call by a hue


class Tones(NamedTuple):
    """A colour in one scheme, under the names that style.css uses."""

    accent: str
    accent_deep: str
    on_accent: str
    tint: str


class Accent(NamedTuple):
    """A colour, and its tones in light and in dark."""

    colour: str
    light: Tones
    dark: Tones


class Scheme(NamedTuple):
    """What a colour is put on, and how it is made to stand out."""

    backgrounds: tuple[str, ...]
    on_accent: str
    tint: str
    towards: str
    refusal: str


LIGHT = Scheme(
    backgrounds=("#ffffff", "#f5f4ef", "#fbf1da"),
    on_accent="#ffffff",
    tint="#ffffff",
    towards="#000000",
    refusal="is too light: a tone of it that can be read on white is grey; choose a darker one",
)
DARK = Scheme(
    backgrounds=("#1a2128", "#11161b", "#362b14"),
    on_accent="#11161b",
    tint="#1a2128",
    towards="#ffffff",
    refusal="is too dark: a tone of it that can be read on black is grey; choose a lighter one",
)


@lru_cache(maxsize=8)
def find_tones(value: str) -> Accent:
    """Return a colour's tones; ValueError, whose text is the end of a sentence, for one that has none."""
    found = COLOUR.fullmatch(value.strip())
    if found is None:
        raise ValueError("must be a colour as #rrggbb, such as #145852")
    colour = f"#{found[1].lower()}"
    return Accent(colour, _find_tones(colour, LIGHT), _find_tones(colour, DARK))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _find_tones(colour: str, scheme: Scheme) -> Tones:
    tones = (_mix(colour, scheme.towards, percent) for percent in range(0, 101, STEP))
    accent = next(tone for tone in tones if _stands_out(tone, scheme))  # black and white do
    if _is_grey(accent) and not _is_grey(colour):
        raise ValueError(scheme.refusal)
    deep, tint = _mix(accent, scheme.towards, 30), _mix(scheme.tint, accent, 12)
    return Tones(accent, deep, scheme.on_accent, tint)


def _is_grey(colour: str) -> bool:
    channels = _channels(colour)
    return max(channels) - min(channels) <= GREY


def _stands_out(tone: str, scheme: Scheme) -> bool:
    return all(contrast(tone, background) >= ENOUGH for background in scheme.backgrounds)


def _mix(colour: str, other: str, percent: int) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round((mine * (100 - percent) + theirs * percent) / 100):02x}" for mine, theirs in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 sRGB's own


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))
