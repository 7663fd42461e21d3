"""What makes these pages an operator's own: a name, a logo, and a stylesheet with their colour."""

import re
from typing import NamedTuple

from FlaskProject.settings.accents import Accent, Tones
from FlaskProject.settings.brand_files import BrandFile, make_file

NAME = "Pupero"
# A logo is as high as our mark, and as wide as it is.
LOGO_RULES = "img.mark {\n  width: auto;\n  max-width: min(10rem, 30vw);\n  object-fit: contain;\n}\n"


class Brand(NamedTuple):
    """The name in sentences and titles, and what there is beside our own style and mark."""

    name: str = NAME
    accent: Accent | None = None
    logo: BrandFile | None = None
    style: BrandFile | None = None

    @property
    def slug(self) -> str:
        """The name as names of files have it, on every system."""
        return re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-") or "account"


def make_brand(name: str, accent: Accent | None, logo: BrandFile | None) -> Brand:
    """Write the stylesheet that a colour or a logo wants."""
    rules = (_write_colours(accent) if accent else "") + (LOGO_RULES if logo else "")
    return Brand(name, accent, logo, make_file(rules.encode(), "text/css") if rules else None)


def _write_colours(accent: Accent) -> str:
    dark = f"@media (prefers-color-scheme: dark) {{\n{_write_root(accent.dark)}}}\n"
    return _write_root(accent.light) + dark


def _write_root(tones: Tones) -> str:
    """Put these in the place of the colours that style.css has under the same names."""
    lines = (f"  --{name.replace('_', '-')}: {colour};\n" for name, colour in tones._asdict().items())
    return f":root {{\n{''.join(lines)}}}\n"
