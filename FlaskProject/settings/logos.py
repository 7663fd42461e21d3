"""An operator's own logo: a PNG or SVG that is read and checked once, at the start."""

import zlib
from pathlib import Path

from FlaskProject.settings.brand_files import BrandFile, make_file
from FlaskProject.settings.svg import check_svg

LARGEST = 64 * 1024  # bytes: each page shows it
PNG = b"\x89PNG\r\n\x1a\n"
HEADER = b"\x00\x00\x00\rIHDR"
LAST_CHUNK = b"\x00\x00\x00\x00IEND\xaeB`\x82"
SIDES = (16, 2048)  # pixels
WIDEST = 8  # times as wide as high, or as high as wide


def read_logo(value: str) -> BrandFile:
    """Return a file that browsers can show as a picture and as nothing else; ValueError says why it is none."""
    content = _read(Path(value))
    if content.startswith(PNG):
        _check_png(content)
        return make_file(content, "image/png")
    if b"<" not in content[:512]:
        raise ValueError("must be an SVG or a PNG")
    check_svg(content)
    return make_file(content, "image/svg+xml")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError):  # a name that no file can have
        raise ValueError("must be a file that can be read") from None
    if len(content) > LARGEST:
        raise ValueError(f"must have at most {LARGEST // 1024} KB")
    return content


def _check_png(content: bytes) -> None:
    """Look at the size and at both ends (PNG, third edition, sections 5.3 and 11.2.1); browsers judge the rest."""
    start, end = len(PNG), len(PNG) + len(HEADER) + 17
    header, checksum = content[start + 4 : end - 4], content[end - 4 : end]
    is_whole = content.endswith(LAST_CHUNK) and zlib.crc32(header).to_bytes(4, "big") == checksum
    if not content.startswith(PNG + HEADER) or not is_whole:
        raise ValueError("must be a whole PNG: this one is damaged or cut off")
    width, height = (int.from_bytes(header[place : place + 4], "big") for place in (4, 8))
    least, most = SIDES
    if not (least <= min(width, height) and max(width, height) <= most):
        raise ValueError(f"must be {least} to {most} pixels wide and high")
    if max(width, height) > WIDEST * min(width, height):
        raise ValueError(f"must be at most {WIDEST} times as wide as high")
