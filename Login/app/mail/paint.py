"""What is painted in which colour: inline for every mail program, and once more for those that know dark ones."""

from app.letters.brand import DARK, LIGHT, Colours

# By class: CSS properties, and the names of their colours.
PAINTS = {
    "paper": {"background-color": "paper", "color": "ink"},
    "card": {"background-color": "surface", "color": "ink", "border-color": "line"},
    "aside": {"border-color": "line"},
    "tint": {"background-color": "tint", "color": "ink"},
    "soft": {"color": "soft"},
    "link": {"color": "accent"},
    "button": {"background-color": "accent", "color": "on_accent"},
}
FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif"


def dress(name: str, style: str) -> str:
    """Return the attributes of an element that is painted in light, unless DARK_RULES say otherwise."""
    return f'class="{name}" style="{_paint(name, LIGHT)};{style}"'


def type_in(size: int) -> str:
    """Return the style of text of so many pixels, whole: Outlook's tables inherit none."""
    return f"{FONT};font-size:{size}px;line-height:1.5;text-align:left;overflow-wrap:anywhere;word-break:break-word"


def _paint(name: str, colours: Colours, mark: str = "") -> str:
    return ";".join(f"{what}:{getattr(colours, colour)}{mark}" for what, colour in PAINTS[name].items())


DARK_RULES = "\n".join(f".{name} {{ {_paint(name, DARK, ' !important')} }}" for name in PAINTS)
