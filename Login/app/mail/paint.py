"""What is painted in which colour: inline for every mail program, and once more for those that know dark ones."""

from typing import NamedTuple

from app.letters.brand import Brand, Colours

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


class Painter(NamedTuple):
    """Dresses the elements of a mail in a brand's colours."""

    brand: Brand
    direction: str = "ltr"

    def dress(self, name: str, style: str) -> str:
        """Return the attributes of an element that is painted in light, unless `dark_rules` say otherwise."""
        return f'class="{name}" style="{_paint(name, self.brand.light)};{style}"'

    def type_in(self, size: int) -> str:
        """Return the style of text of so many pixels, whole: Outlook's tables inherit none."""
        side = f"text-align:{self.start}"
        return f"{FONT};font-size:{size}px;line-height:1.5;{side};overflow-wrap:anywhere;word-break:break-word"

    @property
    def start(self) -> str:
        """Return the side on which lines begin: mail programs know no `text-align:start`."""
        return "left" if self.direction == "ltr" else "right"

    @property
    def end(self) -> str:
        """Return the other side."""
        return "right" if self.direction == "ltr" else "left"

    @property
    def dark_rules(self) -> str:
        """The rules of the style block."""
        return "\n".join(f".{name} {{ {_paint(name, self.brand.dark, ' !important')} }}" for name in PAINTS)


def _paint(name: str, colours: Colours, mark: str = "") -> str:
    return ";".join(f"{what}:{getattr(colours, colour)}{mark}" for what, colour in PAINTS[name].items())
