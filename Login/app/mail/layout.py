"""A letter as HTML that mail programs show alike: one column, every style inline, nothing fetched from anywhere.

Tables stand where Outlook knows no other box. The one style block has what cannot be inline, the dark colours; where a
program drops it, the light ones remain.
"""

from collections.abc import Iterable
from html import escape

from app.letters.brand import OURS, Brand
from app.letters.letter import Letter, Paragraph, Role
from app.letters.service_names import isolate
from app.mail.blocks import write_blocks
from app.mail.paint import FONT, Painter

PAPER = "margin:0;padding:0;-webkit-text-size-adjust:100%"
WHOLE = "width:100%;border-collapse:collapse"
BRAND = f"{FONT};font-size:20px;font-weight:700;padding:0 4px 12px"
CARD = "border-width:1px;border-style:solid;border-radius:12px;padding:24px 20px 8px"
SIGNATURE = "padding:12px 4px 0"
PAGE = """<!doctype html>
<html lang="{lang}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>{subject}</title>
<style>
:root {{ color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{
{dark}
}}
</style>
</head>
<body {paper}>
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{preview}</div>
<div role="article" lang="{lang}" dir="{dir}">
<table role="presentation" {whole}><tr><td align="center" style="padding:24px 12px">
<table role="presentation" style="width:100%;max-width:560px;border-collapse:separate;border-spacing:0">
<tr><td {brand}>{name}</td></tr>
<tr><td {card}>
<h1 style="font-size:22px;line-height:1.25;margin:0 0 16px">{subject}</h1>
{body}
</td></tr>
<tr><td {sign}>{signature}</td></tr>
</table>
</td></tr></table>
</div>
</body>
</html>
"""


def write_html(letter: Letter, brand: Brand = OURS) -> str:
    """Lay a letter out."""
    *paragraphs, signature = letter.text
    language = letter.language
    painter = Painter(brand, language.direction)
    return PAGE.format(
        lang=language.tag,
        dir=language.direction,
        subject=escape(letter.subject),
        dark=painter.dark_rules,
        preview=escape(_choose_preview(paragraphs)),
        paper=painter.dress("paper", PAPER),
        whole=painter.dress("paper", WHOLE),
        brand=painter.dress("link", f"{BRAND};text-align:{painter.start}"),
        name=escape(isolate(brand.name, language.direction)),
        card=painter.dress("card", f"{painter.type_in(16)};{CARD}"),
        body=write_blocks(paragraphs, painter),
        sign=painter.dress("soft", f"{painter.type_in(14)};{SIGNATURE}"),
        signature=escape(signature.text),
    )


def _choose_preview(paragraphs: Iterable[Paragraph]) -> str:
    """Choose what a list of mails shows beside the subject: what happened, not the greeting or somebody's phrase."""
    _greeting, *texts = [paragraph.text for paragraph in paragraphs if paragraph.role is Role.TEXT] or [""]
    return next(iter(texts), "")
