"""An operator's own name and colour: pages and mails, which share no code, judge and show them alike."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from app.letters import accents as of_mails
from app.letters import service_names as in_mails
from app.letters.brand import make_brand
from FlaskProject.settings import accents as of_pages
from FlaskProject.settings import service_names as on_pages

REFUSED_NAMES = {
    " ": "1 to 40",
    "A" * 41: "1 to 40",
    "Acme\r\nBcc: x@example.com": "control",
    "Acme\u202egnp.exe": "direction",
    "Acme\u2066": "direction",
    "Ac\u200bme": "invisible",
    "Acme: the suite": "colon",
    "=?utf-8?q?a=0d=0aBcc?=": "=?",
}
NAMES = ["Pupero", "  Käse & Söhne ", "Cafe\u0301", '"A", Inc. <b>{x}', "100% C#", "🦩 Flamingo", "שלום", "a\\b/c?d"]
REFUSED_COLOURS = {
    "teal": "#rrggbb",
    "#fff": "#rrggbb",
    "#145852;}": "#rrggbb",
    "#ffe0e0": "too light.*darker",
    "#0a0033": "too dark.*lighter",
}
COLOURS = ["17645D", "#000000", "#ffffff", "#808080", "#1877f2", "#e50914", "#6441a5", "#ff6600", "#000080"]
GRID = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in product(range(0, 256, 51), repeat=3)]
STYLE = Path(__file__).resolve().parent.parent / "FlaskProject" / "static" / "style.css"


def answers(function: Callable[[str], object], value: str) -> object:
    """Return what a function makes of a value, or why it refuses."""
    try:
        return function(value)
    except ValueError as error:
        return str(error)


@pytest.mark.asvs("1.3.11", "1.2.1")
def test_a_name_is_taken_or_refused_with_the_reason_by_both_parts() -> None:
    """Trimmed and composed; what would break a header, a label of an authenticator or a line of text is refused."""
    for name, reason in REFUSED_NAMES.items():
        with pytest.raises(ValueError, match=reason.replace("?", r"\?")):
            in_mails.parse_name(name)
    taken = [in_mails.parse_name(name) for name in NAMES]

    assert taken[1:3] == ["Käse & Söhne", "Café"]
    assert [in_mails.isolate(name) for name in taken if in_mails.isolate(name) != name] == ["\u2068שלום\u2069"]
    for name in (*REFUSED_NAMES, *NAMES):
        assert answers(on_pages.parse_name, name) == answers(in_mails.parse_name, name)
        assert on_pages.isolate(name) == in_mails.isolate(name)


def test_a_colour_is_taken_or_refused_with_the_reason_by_both_parts() -> None:
    """In the same tones, so that a mail looks like the pages."""
    for colour, reason in REFUSED_COLOURS.items():
        with pytest.raises(ValueError, match=reason):
            of_mails.find_tones(colour)
    for colour in COLOURS:
        assert of_mails.find_tones(colour).colour == f"#{colour.removeprefix('#').lower()}"
    for colour in (*REFUSED_COLOURS, *COLOURS, *GRID):
        assert answers(of_pages.find_tones, colour) == answers(of_mails.find_tones, colour)


def test_every_colour_that_is_taken_can_be_read_in_light_and_dark() -> None:
    """4.5 to 1 (WCAG 2.2, 1.4.3) for links, buttons, and text on the tint, with style.css around them."""
    taken = [found for colour in GRID if isinstance(found := answers(of_pages.find_tones, colour), of_pages.Accent)]
    poor = []
    for place, scheme in enumerate((of_pages.LIGHT, of_pages.DARK)):
        ours = dict(re.findall(r"--([a-z-]+): (#\w{6});", STYLE.read_text(encoding="utf-8").split("@media")[place]))
        assert scheme.backgrounds == (ours["surface"], ours["paper"], ours["heed-tint"])
        for tones in (accent[place + 1] for accent in taken):
            pairs = [(tones.accent, background) for background in scheme.backgrounds]
            pairs += [(tones.on_accent, tones.accent), (tones.on_accent, tones.accent_deep)]
            pairs += [(ours["ink"], tones.tint), (ours["soft"], tones.tint)]
            poor += [pair for pair in pairs if of_pages.contrast(*pair) < 4.5]

    assert len(GRID) > len(taken) > 100
    assert poor == []
    assert round(of_pages.contrast("#000000", "#ffffff")) == 21
    assert round(of_pages.contrast("#777777", "#ffffff"), 2) == 4.48  # W3C's own example


def test_mails_are_painted_in_these_tones() -> None:
    """Accent, what stands on it, and tint; everything else stays ours."""
    brand = make_brand("Acme", "#6441a5")
    tones = of_pages.find_tones("#6441a5")

    for colours, tone in ((brand.light, tones.light), (brand.dark, tones.dark)):
        assert (colours.accent, colours.on_accent, colours.tint) == (tone.accent, tone.on_accent, tone.tint)
    assert make_brand("Acme", None)[1:] == make_brand("Pupero", None)[1:]
