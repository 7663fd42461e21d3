"""Whose mails these are, by name and colours: those of the pages (their `style.css`), in light and in dark."""

from typing import NamedTuple

from app.letters.accents import Tones, find_tones

NAME = "Pupero"


class Colours(NamedTuple):
    """What is painted in which colour, under the names that the pages use."""

    paper: str
    surface: str
    ink: str
    soft: str
    line: str
    accent: str
    on_accent: str
    tint: str


LIGHT = Colours("#f5f4ef", "#ffffff", "#1b2330", "#474f5c", "#dcd9cf", "#145852", "#ffffff", "#e4f0ed")
DARK = Colours("#11161b", "#1a2128", "#e9ecef", "#b7bec7", "#323c46", "#7ed3c6", "#06221f", "#1c3431")


class Brand(NamedTuple):
    """A service's name and its colours in both schemes."""

    name: str = NAME
    light: Colours = LIGHT
    dark: Colours = DARK


OURS = Brand()


def make_brand(name: str, accent_colour: str | None) -> Brand:
    """Put an operator's own name and colour in the place of ours."""
    if accent_colour is None:
        return Brand(name)
    accent = find_tones(accent_colour)
    return Brand(name, _tone(LIGHT, accent.light), _tone(DARK, accent.dark))


def _tone(colours: Colours, tones: Tones) -> Colours:
    return colours._replace(accent=tones.accent, on_accent=tones.on_accent, tint=tones.tint)
