"""A letter's paragraphs as HTML, each by its role; whatever they say is escaped here.

What people chose stands in an element of its own direction: no right-to-left word turns what stands beside it.
"""

from collections.abc import Iterable
from html import escape
from itertools import groupby

from app.letters.letter import Paragraph, Role
from app.mail.paint import Painter

GAP = "margin:0 0 16px"
TABLE = 'style="width:100%;border-collapse:separate;border-spacing:0;margin:0 0 16px"'


def write_blocks(paragraphs: Iterable[Paragraph], painter: Painter) -> str:
    """Write paragraphs one below the other, those for somebody else's doings in a box of their own."""
    return "\n".join(
        _write_aside(group, painter) if is_aside else _write_each(group, painter)
        for is_aside, group in groupby(paragraphs, key=lambda paragraph: paragraph.role is Role.ASIDE)
    )


def _write_each(paragraphs: Iterable[Paragraph], painter: Painter) -> str:
    return "\n".join(_write_block(paragraph, painter) for paragraph in paragraphs)


def _write_aside(paragraphs: Iterable[Paragraph], painter: Painter) -> str:
    style = f"{painter.type_in(15)};border-width:1px;border-style:solid;border-radius:8px;padding:16px 16px 0"
    cell, blocks = painter.dress("aside", style), _write_each(paragraphs, painter)
    return f'<table role="presentation" {TABLE}><tr><td {cell}>\n{blocks}\n</td></tr></table>'


def _write_block(paragraph: Paragraph, painter: Painter) -> str:
    if paragraph.label:
        return _write_link(paragraph, painter)
    if paragraph.role is Role.PHRASE:
        return _write_phrase(paragraph.text, painter)
    if paragraph.role is Role.FACTS:
        return _write_facts(paragraph.text, painter)
    text = escape(paragraph.text).replace("\n", "<br>\n")
    return f'<p style="{GAP}">\n{text}\n</p>'


def _write_link(paragraph: Paragraph, painter: Painter) -> str:
    """Write a link by its label, and below it the address as it is: nobody has to press what they cannot read."""
    write = _write_button if paragraph.role is Role.ACTION else _write_words
    url, small = escape(paragraph.text), f"{GAP};font-size:13px;line-height:1.4;word-break:break-all"
    address = f'<a href="{url}"\n{painter.dress("soft", "text-decoration:none")}>{url}</a>'
    return f'{write(url, escape(paragraph.label), painter)}\n<p style="{small}">\n{address}\n</p>'


def _write_button(url: str, label: str, painter: Painter) -> str:
    look = painter.dress(
        "button", "display:inline-block;padding:12px 20px;border-radius:8px;font-weight:600;text-decoration:none"
    )
    cell = painter.dress("button", f"{painter.type_in(16)};border-radius:8px")
    return (
        '<table role="presentation" style="border-collapse:separate;border-spacing:0;margin:0 0 12px">'
        f'<tr><td {cell}>\n<a href="{url}"\n{look}>{label}</a></td></tr></table>'
    )


def _write_words(url: str, label: str, painter: Painter) -> str:
    look = painter.dress("link", "")
    return f'<p style="margin:0 0 4px;font-weight:600">\n<a href="{url}"\n{look}>{label}</a></p>'


def _write_phrase(text: str, painter: Painter) -> str:
    label, _, phrase = text.partition(": ")
    cell = painter.dress("tint", f"{painter.type_in(16)};border-radius:8px;padding:10px 16px")
    small = painter.dress("soft", "font-size:14px")
    return (
        f'<table role="presentation" {TABLE}><tr><td {cell}>\n<span {small}>{escape(label)}</span><br>\n'
        f'<strong dir="auto">{escape(phrase)}</strong>\n</td></tr></table>'
    )


def _write_facts(text: str, painter: Painter) -> str:
    rows = "".join(_write_fact(line, painter) for line in text.split("\n"))
    return f"<table {TABLE}>\n{rows}</table>"


def _write_fact(line: str, painter: Painter) -> str:
    label, _, value = line.partition(": ")
    style = f"{painter.type_in(15)};vertical-align:top"
    head = painter.dress(
        "soft", f"{style};padding:3px 0;padding-{painter.end}:16px;font-weight:400;white-space:nowrap;width:1%"
    )
    return (
        f'<tr><th scope="row" {head}>{escape(label)}</th>\n'
        f'<td style="{style};padding:3px 0"><span dir="auto">{escape(value)}</span></td></tr>\n'
    )
