"""An operator's own brand on the pages: what is refused at the start, and how the rest is served."""

import struct
import zlib
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from FlaskProject.config import Config, ConfigError, load_config

STRONG = "Zk3vR8mQpL2xWn7TcY5bHs9DfGj4KaEu"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">%b</svg>'
GOOD_SVG = SVG % (
    b"<!-- drawn by hand --><style>@media (prefers-color-scheme: dark) { g { fill: url( '#a' ) } }</style>"
    b'<metadata><x:page xmlns:x="http://example.com/x" x:file="C:\\a.svg"/></metadata>'
    b'<linearGradient id="a"/><g id="b" fill="url(#a)"/><use xlink:href="#b"/>'
)


def png(width: int, height: int) -> bytes:
    """Draw the least PNG that has a size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + zlib.crc32(header).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IEND\xaeB`\x82"


def load(tmp_path: Path, logo: bytes = GOOD_SVG, **settings: str) -> Config:
    """Load settings with a logo of this content."""
    file = tmp_path / "lo go.svg"
    file.write_bytes(logo)
    return load_config({"SECRET_KEY": STRONG, "LOGO_FILE": str(file), **settings}, Path("does-not-exist"))


REFUSED = [
    (b"", "SVG or a PNG"),
    (b"\xff\xd8\xff\xe0JFIF", "SVG or a PNG"),
    (png(16, 16) + b"\0" * 65536, "at most 64 KB"),
    (png(16, 16)[:-1], "damaged or cut off"),
    (png(16, 16).replace(b"IHDR", b"IHDX"), "damaged or cut off"),
    (b"\x89PNG\r\n\x1a\n", "damaged or cut off"),
    (png(15, 64), "16 to 2048 pixels"),
    (png(64, 2049), "16 to 2048 pixels"),
    (png(1600, 16), "8 times"),
    (SVG % b"<g>", "line 1"),
    (b"<html></html>", "begin with <svg>"),
    (b"<svg viewBox='0 0 9 9'/>", "begin with <svg>"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' width='9'/>", "how large"),
    (b"<!DOCTYPE svg [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>" + SVG % b"&b;", "<!DOCTYPE>"),
    (b"<?xml-stylesheet href='https://evil.example/x.css'?>" + SVG % b"", "xml-stylesheet"),
    *((SVG % content, reason) for content, reason in (
        (b"<script>alert(1)</script>", "<script>"),
        (b"<g><s:SCRIPT xmlns:s='http://www.w3.org/2000/svg'/></g>", "<SCRIPT>"),
        (b"<foreignObject/>", "<foreignObject>"),
        (b"<h:p xmlns:h='http://www.w3.org/1999/xhtml'/>", "<p>"),
        (b"<animate attributeName='href' to='javascript:alert(1)'/>", "<animate>"),
        (b"<g onload='alert(1)'/>", "onload="),
        (b"<g ONCLICK='alert(1)'/>", "ONCLICK="),
        (b"<use href='https://evil.example/x.svg#a'/>", "href="),
        (b"<use xlink:href=' javascript:alert(1)'/>", "href="),
        (b"<image href='data:image/png;base64,AAAA'/>", "href="),
        (b"<g xml:base='https://evil.example/'/>", "base="),
        (b"<g fill='url( &quot;https://evil.example/x#a&quot;)'/>", "fill="),
        (b"<g style='background:u\\72l(https://evil.example)'/>", "style="),
        (b"<style>@import 'https://evil.example/x.css';</style>", "fetch nothing"),
        (b"<style>@imp<!-- -->ort '//evil.example';</style>", "fetch nothing"),
        (b"<style>@imp<![CDATA[ort '//evil.example']]></style>", "fetch nothing"),
        (b"<style>g { background: image-set('//evil.example/x.png' 1x) }</style>", "fetch nothing"),
        (b"<style>@imp<g/>ort '//evil.example';</style>", "<g>"),
    )),
]  # fmt: skip


@pytest.mark.asvs("1.5.1")
def test_a_logo_that_is_more_or_less_than_a_picture_is_refused_with_the_reason(tmp_path: Path) -> None:
    """What runs, changes, fetches or expands; what is cut off, too large, or something else."""
    for content, reason in REFUSED:
        with pytest.raises(ConfigError) as caught:
            load(tmp_path, content)
        assert str(caught.value).startswith("LOGO_FILE: must "), content
        assert reason in str(caught.value), content
    with pytest.raises(ConfigError, match="LOGO_FILE: must be a file that can be read"):
        load(tmp_path, LOGO_FILE=str(tmp_path))
    for content in (GOOD_SVG, png(512, 64), b"\xef\xbb\xbf<?xml version='1.0'?>" + GOOD_SVG):
        assert load(tmp_path, content).brand.logo is not None


@pytest.mark.parametrize("name", ["SERVICE_NAME", "ACCENT_COLOUR"])
def test_a_name_or_colour_that_cannot_stand_is_refused(tmp_path: Path, name: str) -> None:
    """As the API refuses it."""
    with pytest.raises(ConfigError, match=f"^{name}: must "):
        load(tmp_path, GOOD_SVG, **{name: "a: b"})


@pytest.fixture
def branded(tmp_path: Path, open_browser: object) -> FlaskClient:
    """Give a browser on pages with a name, a colour and a logo of their own."""
    brand = load(tmp_path, SERVICE_NAME='<b>"Söhne"', ACCENT_COLOUR="#6441a5").brand
    return open_browser(brand=brand)  # type: ignore[operator,no-any-return]


@pytest.mark.asvs("1.2.1", "3.2.1", "3.4.3")
def test_a_brand_is_served_from_here_and_kept(branded: FlaskClient) -> None:
    """By addresses that change with the content; opened by itself, the picture may do nothing at all."""
    page = branded.get("/login").text
    addresses = [part.split('"')[0] for part in page.split('="') if part.startswith("/brand/")]
    icon, style, picture = addresses
    shown, rules = branded.get(picture), branded.get(style)

    assert icon == picture
    assert "&lt;b&gt;&#34;Söhne&#34;</title>" in page
    assert "Pupero" not in page
    assert "/static/logo.svg" not in page
    assert (shown.data, shown.mimetype) == (GOOD_SVG, "image/svg+xml")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert shown.headers["Content-Security-Policy"].endswith("; sandbox")
    assert "script" not in shown.headers["Content-Security-Policy"]
    assert "--accent: #6441a5;" in rules.text
    assert rules.mimetype == "text/css"
    for answer in (shown, rules):
        assert answer.headers["Cache-Control"] == "public, max-age=31536000"
        assert "Set-Cookie" not in answer.headers
    assert branded.get(picture, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    assert branded.get("/brand/logo?v=0123456789ab").headers["Cache-Control"] == "no-cache"


def test_without_a_brand_there_is_none(browser: FlaskClient) -> None:
    """Name, mark, icons and colours are ours, and nothing is to be had at a brand's addresses."""
    page = browser.get("/login").text

    assert "· Pupero</title>" in page
    assert "/static/touch-icon.png" in page
    assert "/brand/" not in page
    assert [browser.get(path).status_code for path in ("/brand/logo", "/brand/style.css")] == [404, 404]


def test_files_have_a_name_that_every_system_takes(tmp_path: Path) -> None:
    """Recovery codes are saved under the service's name, or under none where it has no letter for that."""
    names = [load(tmp_path, SERVICE_NAME=name).brand.slug for name in ("Pupero", "A/B c", "שלום")]

    assert names == ["pupero", "a-b-c", "account"]
