"""Whose mails these are, by name and colours: those of the pages (their `style.css`), in light and in dark."""

from typing import NamedTuple

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


LIGHT = Colours("#f5f4ef", "#ffffff", "#1b2330", "#545d6c", "#dcd9cf", "#17645d", "#ffffff", "#e4f0ed")
DARK = Colours("#11161b", "#1a2128", "#e9ecef", "#abb4be", "#323c46", "#7ed3c6", "#06221f", "#1c3431")
